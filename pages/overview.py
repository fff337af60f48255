"""Overview: how many people there are, what they buy, and what changed."""

from dashboard.furniture import page_head

page_head("Overview", "Who are our people, what do they buy, and what has changed?")
