"""The screens, one a file: load, empty state, draw."""
