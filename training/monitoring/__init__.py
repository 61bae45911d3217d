"""Watching what was decided: has the world moved away from what the model learnt?

Compares later traffic with a reference and says what moved by more than chance moves things.
It must not decide, train or promote: it tells people, and they do.
"""
