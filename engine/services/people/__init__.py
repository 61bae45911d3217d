"""Customers: what we hold of them, by which names they are known, who is the same person.

Attributes and consent in `customers`, names in `identities` and `linking`, those of many people at
once in `ties`, two becoming one in `merges`. It must not read events, decide, or erase.
"""
