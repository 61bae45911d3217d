"""The history on disk: decisions, interactions and changes as Parquet, for years.

Written from the partitions' logs, exactly once whatever dies when. This room must not know
Redis, decide anything, or hold a customer's id, an identity or a personal value.
"""
