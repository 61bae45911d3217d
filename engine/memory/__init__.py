"""A customer's memory: what a contact or an interaction changes in it. Pure.

Contacts and interactions are kept as rows as far back as any policy or rule asks; how often
a thing has happened, and when last, is kept for ever.
"""
