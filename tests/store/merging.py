"""Merges, apart from the builders: they load the whole engine, and each process of a race would."""

from __future__ import annotations

from engine.services.people.merges import Merges
from engine.store import Store


def merging(store: Store) -> Merges:
    """Merges where no identity is set apart."""
    return Merges(store, store.identities, lambda _: False)
