"""Segments: what a rule may say, and its one meaning."""
