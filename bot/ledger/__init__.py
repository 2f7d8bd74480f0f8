"""The truth: every deletion from the ask to the end, on disk."""
