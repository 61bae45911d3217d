"""Customers: what we hold of them, by which names they are known, who is the same person."""
