"""Deciding for a customer, committing it, and telling or making it again."""
