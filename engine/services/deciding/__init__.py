"""Deciding for a customer, committing it, and telling or making it again.

`decisions` is the way in; what is chosen is `engine.decide`'s word, never this room's. It must
not know by which names a customer goes, what came of a decision, or why these models serve.
"""
