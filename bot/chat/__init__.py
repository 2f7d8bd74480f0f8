"""Slack, outward: what is said, and saying it once."""
