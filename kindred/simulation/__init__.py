"""A simulated world: people of known micro-segments, and an experiment of known effect."""
