"""Whether an event as it was sent names a customer: events set aside were never understood."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any

from engine.errors import InvalidRequest
from engine.namespaces import ANONYMOUS
from engine.services.intake.quarantine import Quarantine

_VISITORS = frozenset(("anonymousId", "previousId"))
_IDS = _VISITORS | {"userId"}


class Aside:
    """What is set aside, for who must find what it holds of a customer.

    `normal`: an identity as it is stored; InvalidRequest when it is none.
    """

    def __init__(self, quarantine: Quarantine, normal: Callable[[str], str]) -> None:
        self._quarantine = quarantine
        self._normal = normal

    def forget(self, ids: Collection[str], identities: Collection[str]) -> int:
        """Take away the events that name the customer of these; how many."""
        about = self.about(ids, identities)
        self._quarantine.drop(about)
        return len(about)

    def about(self, ids: Collection[str], identities: Collection[str]) -> list[str]:
        """The events that name the customer of these."""
        naming = Naming(ids, identities, self._normal)
        return [name for name, one in self._quarantine.all() if naming.by(one.event)]


class Naming:
    """A customer by all ids and identities, to be looked for in events.

    `normal`: an identity as it is stored; InvalidRequest when it is none.
    """

    def __init__(
        self, ids: Collection[str], identities: Collection[str], normal: Callable[[str], str]
    ) -> None:
        self._normal = normal
        self._identities = frozenset(identities)
        self._spaces = {one.partition(":")[0] for one in identities}
        self._names = {*ids, *(one.partition(":")[2] for one in identities)}
        self._lower = {one.lower() for one in self._names}
        self._spelled = [json.dumps(one, ensure_ascii=False).lower() for one in self._names]

    def by(self, event: bytes) -> bool:
        """Whether the event names them: as a word of it, or in another way to write it.

        What is no JSON names them where its text does; a byte that is no UTF-8 hides nobody.
        """
        text = event.decode(errors="replace")
        try:
            said = json.loads(text, object_pairs_hook=_Object, parse_int=_whole)
        except (ValueError, RecursionError):
            return any(word in text.lower() for word in self._spelled)
        return any(self._named(*pair) for pair in _pairs(said))

    def _named(self, name: str, value: str | int) -> bool:
        if isinstance(value, str) and value.lower() in self._lower:
            return True
        if name in _IDS and str(value) in self._names:
            return True
        space = ANONYMOUS if name in _VISITORS else name
        if space not in self._spaces:
            return False
        try:
            return self._normal(f"{space}:{value}") in self._identities
        except InvalidRequest:
            return False


def _whole(digits: str) -> int | str:
    """A whole number; one of more digits than Python reads is nobody's id, and hides no other."""
    try:
        return int(digits)
    except ValueError:
        return digits


class _Object:
    """A JSON object with all it says: of a name said twice, what is kept of the event has both."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _pairs(said: Any) -> Iterator[tuple[str, str | int]]:
    """Every text and whole number of a document, with the name it has there; every name without."""
    left: list[tuple[str, Any]] = [("", said)]
    while left:
        name, value = left.pop()
        if isinstance(value, _Object):
            left += value.pairs
            left += (("", one) for one, _ in value.pairs)
        elif isinstance(value, list):
            left += ((name, one) for one in value)
        elif isinstance(value, str | int):
            yield name, value
