"""Whom an event is about, once what it says belongs together is linked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.errors import InvalidRequest, Problem
from engine.namespaces import ANONYMOUS
from engine.services.intake.interactions import Name
from engine.services.ports import People
from engine.wire.one_event import EventBody
from engine.wire.telling import Tidings

_AMBIGUOUS = (
    "is an anonymousId and the id of another customer, so it does not tell who is meant: link "
    "both to an identity of theirs, see POST /v1/customers/{id}/identities"
)


class Linker(Protocol):
    """Makes an identity a customer's, merging if need be."""

    def link(self, customer_id: str, identity: str) -> object: ...


class Tying(Protocol):
    """Links what events say belongs together; why not, by identity. No identity may be said of
    two customers at once."""

    def tie_all(self, said: Mapping[str, Sequence[str]]) -> dict[str, str]: ...


class Whose:
    """Reads ids off the events of one request, and links.

    What `identify` links waits, so that many of them are linked together, until something depends
    on it: an alias, who a visitor is, another customer who is said to have the same identity.
    """

    def __init__(self, people: People, linker: Linker, ties: Tying) -> None:
        self._people = people
        self._linker = linker
        self._ties = ties
        self._waiting: dict[str, str] = {}  # identity -> who is said to have it
        self._said: dict[int, list[str]] = {}
        self._unlinked: dict[int, str] = {}
        self._named: set[Name] = set()  # who will be there once the events before are taken in

    def of(self, at: int, event: EventBody, told: Tidings, trusted: bool, *, links: bool) -> Name:
        """Whom an event is about, which is number `at` of the request; what it links is linked,
        or will be once `unlinked` was asked for."""
        customer = str(event.user_id or "") if trusted else ""
        anonymous = f"{ANONYMOUS}:{event.anonymous_id}" if event.anonymous_id else ""
        if not customer and not anonymous:
            detail = "a publishable key writes of an anonymousId only"
            raise InvalidRequest([Problem("/anonymousId", detail)])
        if links and event.type == "alias":
            self._link_waiting()
            self._alias(customer, str(event.previous_id))
        elif links and event.type == "identify":
            self._identify(at, customer, anonymous, told.identities)
        name = (
            Name(customer) if customer else Name("", self._people.normal(anonymous, "/anonymousId"))
        )
        self._named.add(name)
        return name

    def unlinked(self) -> dict[int, str]:
        """The events of which not all was linked, and why; the traits are the customer's all the
        same. All that waits is linked now."""
        self._link_waiting()
        return self._unlinked

    def _identify(
        self, at: int, customer: str, anonymous: str, identities: Sequence[tuple[str, str]]
    ) -> None:
        said = [(f"{space}:{value}", f"/traits/{space}") for space, value in identities]
        if customer and anonymous:
            said.insert(0, (anonymous, "/anonymousId"))
        if not said:
            return
        normal = [self._people.normal(*one) for one in said]
        holder = customer or self._visitor(self._people.normal(anonymous))
        if any(self._waiting.get(one, holder) != holder for one in normal):
            self._link_waiting()
        self._waiting.update(dict.fromkeys(normal, holder))
        self._said[at] = normal

    def _visitor(self, anonymous: str) -> str:
        if anonymous in self._waiting:
            self._link_waiting()
        return self._people.identified(anonymous).state.customer_id

    def _link_waiting(self) -> None:
        said: defaultdict[str, list[str]] = defaultdict(list)
        for identity, customer in self._waiting.items():
            said[customer].append(identity)
        reasons = self._ties.tie_all(said)
        for at, identities in self._said.items():
            if reason := next((reasons[one] for one in identities if one in reasons), ""):
                self._unlinked[at] = reason
        self._waiting.clear()
        self._said.clear()

    def _alias(self, customer: str, previous: str) -> None:
        """The previous id is an anonymous one or a customer's. Visitors choose their own: one
        that is both may be somebody who takes a customer's id for a name, and merges nobody. The
        customer's own is no visitor's: as one, whoever has a page's key could write of them."""
        if previous == customer:
            return
        identity = self._people.normal(f"{ANONYMOUS}:{previous}", "/previousId")
        visitor = self._people.identified(identity, create=False).state
        known = self._people.load(previous).state
        is_visitor = bool(visitor.revision) or Name("", identity) in self._named
        is_known = bool(known.revision) or Name(previous) in self._named
        if is_visitor and is_known and visitor.customer_id != known.customer_id:
            raise InvalidRequest([Problem("/previousId", _AMBIGUOUS)])
        if is_known and known.customer_id != self._people.canonical(customer):
            self._linker.link(previous, identity)
        self._link(customer, identity, visitor.customer_id)

    def _link(self, customer: str, identity: str, holder: str) -> None:
        """Asked again and again by every page: mostly it is linked already. What is only listed,
        and leads to another `holder`, was cut short."""
        state = self._people.load(customer).state
        if identity not in state.identities or holder != state.customer_id:
            self._linker.link(customer, identity)
