"""What services ask of the rest: whoever builds them passes in things of these shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.catalogue import Catalogue
from engine.change import Change, Committed, Conflict, Found, Known, Loaded
from engine.situation import Live


class Memory(Protocol):
    """The store: one trip each. StoreUnavailable, AnswerLost or StateUnknown when it fails."""

    def load(
        self, customer_id: str, seen: Sequence[str] = (), deadline: float | None = None
    ) -> Loaded: ...

    def commit(
        self, change: Change, deadline: float | None = None
    ) -> Committed | Conflict | Known: ...

    def find_decision(self, decision_id: str, deadline: float | None = None) -> Found | None: ...


class Serving(Protocol):
    """What decides just now. Take `live` once for a request, so that it never mixes two."""

    @property
    def live(self) -> Live: ...


class Models(Protocol):
    """What models there are, and binding them."""

    def champions(self) -> Mapping[str, str]: ...
    def bind(self, catalogue: Catalogue, versions: Mapping[str, str]) -> Live: ...


class Watch(Protocol):
    """Whoever counts what happens."""

    def decided(self, placement: str, fallback: bool) -> None: ...
    def took(self, seconds: float) -> None: ...
    def degraded(self, reason: str) -> None: ...
    def conflict(self) -> None: ...
    def reloaded(self, what: str, taken: bool) -> None: ...
    def interactions(self, accepted: int, duplicates: int, rejected: int) -> None: ...
