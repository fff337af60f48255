"""Jobs that turn raw events into profiles, traits, clusters and results."""
