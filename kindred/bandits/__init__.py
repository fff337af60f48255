"""Bandits: what was learnt of each arm, who is shown next, and what another choice was worth."""
