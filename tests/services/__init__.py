"""Real servers and browsers that tests run against, and what brings them onto the machine."""
