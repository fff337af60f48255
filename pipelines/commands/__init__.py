"""The commands, one a file, thin around jobs and store functions."""
