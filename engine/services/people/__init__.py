"""Customers: what we hold of them, by which names they are known, who is the same person.

Attributes and consent in `customers`; whom an identity names in `identities` (what is one: `rules`;
whom it named of late: `remembered`; whose it is, written down: `lists`), that it does in `linking`,
for many people at once in `ties`; two becoming one in `merges`; their history in `timeline`, drawn
as a `tree`. It must not read events, decide, or erase.
"""
