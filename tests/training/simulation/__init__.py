"""Worlds whose truth is known, and engines that play in them."""
