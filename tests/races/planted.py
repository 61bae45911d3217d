"""A store as it must not be: planted, so that a race that finds nothing is seen to look."""

from __future__ import annotations

from msgspec.structs import replace

from engine.change import Change, Committed, Conflict, Known, Loaded
from engine.store import Store


class CheckThenAct:
    """The planted bug: whoever commits last wins, whatever happened in between."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(
        self, customer_id: str, seen: tuple[str, ...] = (), deadline: float | None = None
    ) -> Loaded:
        return self._store.load(customer_id, seen, deadline)

    def find_decision(self, decision_id: str) -> object:
        return self._store.find_decision(decision_id)

    def commit(self, change: Change, deadline: float | None = None) -> Committed | Conflict | Known:
        result = self._store.commit(change, deadline)
        while isinstance(result, Conflict):
            revision = result.loaded.state.revision
            result = self._store.commit(replace(change, revision=revision, since=None), deadline)
        return result
