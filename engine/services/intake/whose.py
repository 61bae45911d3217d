"""Whom an event is about, once what it says belongs together is linked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.change import Loaded
from engine.errors import CustomerFull, IdentityShared, InvalidRequest, Problem
from engine.identity import named
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


class Whose:
    """Reads ids off events, and links."""

    def __init__(self, people: People, linker: Linker) -> None:
        self._people = people
        self._linker = linker

    def of(
        self, event: EventBody, told: Tidings, trusted: bool, *, links: bool
    ) -> tuple[Name, str]:
        """Whom an event is about, once what it links is linked, and why not all of it was."""
        user = str(event.user_id or "") if trusted else ""
        anonymous = f"{ANONYMOUS}:{event.anonymous_id}" if event.anonymous_id else ""
        if not user and not anonymous:
            detail = "a publishable key writes of an anonymousId only"
            raise InvalidRequest([Problem("/anonymousId", detail)])
        unlinked = ""
        if links and event.type == "alias":
            self._alias(user, str(event.previous_id))
        elif links and event.type == "identify":
            unlinked = self._identify(user, anonymous, told.identities)
        if user:
            return Name(user), unlinked
        return Name("", self._people.normal(anonymous, "/anonymousId")), unlinked

    def _identify(self, user: str, anonymous: str, identities: Sequence[tuple[str, str]]) -> str:
        """Why not all of it was linked, "" mostly; the traits are the customer's all the same.

        Every page says it again, so that mostly one load finds all of it linked already.
        """
        said = [(f"{space}:{value}", f"/traits/{space}") for space, value in identities]
        if user and anonymous:
            said.insert(0, (anonymous, "/anonymousId"))
        if not said:
            return ""
        customer = user or self._named(anonymous).state.customer_id
        held = self._people.load(customer).state.identities
        normal = [self._people.normal(*one) for one in said]
        unlinked = [self._tie(customer, one) for one in normal if one not in held]
        return next(filter(None, unlinked), "")

    def _tie(self, customer: str, identity: str) -> str:
        """Link it; why not, if they have too many. What too many share is nobody's: no reason."""
        if identity.startswith(f"{ANONYMOUS}:") and self._anothers(customer, identity):
            return ""
        try:
            self._linker.link(customer, identity)
        except IdentityShared:
            return ""
        except CustomerFull as error:
            return str(error)
        return ""

    def _alias(self, user: str, previous: str) -> None:
        """The previous id is an anonymous one or a customer's. Visitors choose their own: one
        that is both may be somebody who takes a customer's id for a name, and merges nobody."""
        identity = f"{ANONYMOUS}:{previous}"
        visitor = self._named(identity, create=False).state
        known = self._people.load(previous).state
        if visitor.revision and known.revision and visitor.customer_id != known.customer_id:
            raise InvalidRequest([Problem("/previousId", _AMBIGUOUS)])
        if known.revision and known.customer_id != self._people.canonical(user):
            self._linker.link(previous, identity)
        self._link(user, identity)

    def _link(self, customer: str, identity: str) -> None:
        """Asked again and again by every page: mostly it is linked already."""
        normal = self._people.normal(identity, "/anonymousId")
        if normal not in self._people.load(customer).state.identities:
            self._linker.link(customer, normal)

    def _anothers(self, user: str, anonymous: str) -> bool:
        """Whether the device is another named customer's, or too many's: people may share one."""
        try:
            held = self._people.find(self._people.normal(anonymous))
        except IdentityShared:
            return True
        if held is None or not held.state.revision or not named(held.state):
            return False
        return held.state.customer_id != self._people.canonical(user)

    def _named(self, identity: str, *, create: bool = True) -> Loaded:
        return self._people.identified(self._people.normal(identity), create=create)
