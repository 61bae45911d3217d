"""`teller train`: from what happened to a version in the registry, with an honest report.

It publishes and never promotes; what serves is somebody else's decision.
"""
