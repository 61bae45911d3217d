"""Watching traffic: what moved, and what only seems to."""
