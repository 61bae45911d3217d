"""What services ask of the rest: whoever builds them passes in things of these shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from engine.catalogue import Catalogue
from engine.change import Ask, Change, Committed, Conflict, Found, Known, Loaded, Result
from engine.models.base import Model
from engine.models.routing import Alias, Routing
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

    def assure(self, customer_id: str) -> None:
        """NotReplicated unless what this customer was told is where an opt-out must be."""


class Bulk(Protocol):
    """The store's verbs for many customers in one trip."""

    def load_all(self, asked: Sequence[Ask]) -> Iterator[Loaded]: ...

    def commit_all(self, changes: Sequence[Change]) -> list[Result]: ...


class People(Memory, Protocol):
    """The store, where customers that turned out to be one are one, under any name they have.

    What is loaded may have another id than was asked for: changes are made of that one.
    """

    def normal(self, identity: str, pointer: str = "/identity") -> str:
        """The identity as it is stored. Raises InvalidRequest, which points at `pointer`."""
        ...

    def identified(
        self,
        identity: str,
        seen: Sequence[str] = (),
        deadline: float | None = None,
        *,
        create: bool = True,
    ) -> Loaded:
        """Whom a normalised identity names; somebody new when it names nobody, remembered if
        `create`. Raises IdentityShared."""
        ...

    def remembered(self, identity: str) -> str | None:
        """Whom a normalised identity named when last asked; to be checked against what is
        loaded."""
        ...

    def find(self, identity: str) -> Loaded | None:
        """Whom a normalised identity names, if anybody. Raises IdentityShared."""
        ...

    def canonical(self, customer_id: str, deadline: float | None = None) -> str:
        """The id this customer has now."""
        ...


class Pointing(Protocol):
    """The store's verbs for identities and merges; each may be done twice."""

    def pointer(self, identity: str, deadline: float | None = None) -> bytes | None: ...

    def point(
        self,
        identity: str,
        before: bytes | None,
        after: bytes | None,
        *,
        shared: bool = False,
        deadline: float | None = None,
    ) -> bool: ...

    def pointers(self, identities: Sequence[str]) -> list[bytes | None]: ...

    def point_all(self, moves: Sequence[tuple[str, bytes | None, bytes | None]]) -> list[bool]: ...

    def fence(self, customer_id: str, survivor: str, deadline: float | None = None) -> bool: ...

    def seen(self, customer_id: str, now: int) -> list[dict[bytes, bytes]]: ...

    def fold(
        self,
        customer_id: str,
        revision: int,
        clock: int,
        sections: Mapping[str, bytes],
        entry: bytes,
        seen: Sequence[Mapping[bytes, bytes]],
        deadline: float | None = None,
    ) -> bool: ...

    def settle(
        self,
        customer_id: str,
        subject: str,
        survivor: str | None,
        now: int,
        deadline: float | None = None,
    ) -> bool: ...

    def shorten(
        self, customer_id: str, before: str, after: str, deadline: float | None = None
    ) -> bool: ...

    def fenced(self) -> list[str]: ...

    def shared(self) -> list[str]: ...


class Serving(Protocol):
    """What decides just now. Take `live` once for a request, so that it never mixes two."""

    @property
    def live(self) -> Live: ...


class Models(Protocol):
    """What models there are, and binding them."""

    def routing(self) -> Routing: ...
    def load(self, digest: str | None) -> Model: ...
    def bind(self, catalogue: Catalogue, versions: Mapping[str, str]) -> Live: ...


class Watch(Protocol):
    """Whoever counts what happens."""

    def decided(self, placement: str, fallback: bool) -> None: ...
    def unkept(self, mode: str) -> None: ...
    def took(self, seconds: float) -> None: ...
    def sampled(self, shown: int, explored: int, lacking: Sequence[str]) -> None: ...
    def degraded(self, reason: str) -> None: ...
    def conflict(self) -> None: ...
    def reloaded(self, what: str, taken: bool) -> None: ...
    def serving(self, shares: Mapping[tuple[Alias, str], float]) -> None: ...
    def shadowed(self, difference: float, same: bool) -> None: ...
    def interactions(self, accepted: int, duplicates: int, rejected: int, bots: int) -> None: ...
    def events(
        self, accepted: int, duplicates: int, aside: int, refused: int, bots: int, ignored: int
    ) -> None: ...
