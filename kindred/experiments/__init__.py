"""Experiments: assignment, sufficient statistics, and the tests that stand on them."""
