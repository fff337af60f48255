"""Traits: what is known of a person, each declared once."""
