"""People with many names as a plain model: sets, and no store, no trips, no caches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MADE = ""
"""The id of a person we know by a device only: nobody else gave them one."""

RANK = (None, "granted", "denied")


@dataclass(eq=False)
class Person:
    """One person: all ids they were given, names they are listed with, what they did."""

    ids: set[str]
    names: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    count: int = 0
    consent: str | None = None


class Said(NamedTuple):
    """One event of an SDK; `key` is its message id."""

    call: str
    key: str
    user: str = ""
    device: str = ""
    mail: str = ""
    previous: str = ""
    event: str = "Product Viewed"


class SharedError(Exception):
    """Too many are named with it."""


class Plain:
    """What must be true of everybody after each act."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.people: dict[str, Person] = {}
        self.holders: dict[str, Person] = {}
        self.claims: defaultdict[str, set[str]] = defaultdict(set)

    def apart(self, name: str) -> bool:
        return len(self.claims[name]) > self.limit

    def link(self, user: str, name: str) -> None:
        """Raises SharedError."""
        claims = self.claims[name] = self.claims[name] | {user}
        if len(claims) > self.limit:
            if apart := self.holders.pop(name, None):
                apart.names.discard(name)
            raise SharedError
        person, holder = self._person(user), self.holders.get(name)
        if holder is not None and holder is not person:
            self._merge(person, holder)
        self.holders[name] = person
        person.names.add(name)

    def told(self, user: str, status: str) -> None:
        self._person(user).consent = status

    def visit(self, key: str, user: str = "", name: str = "") -> tuple[int, int, int]:
        """How many were accepted, were told before, were rejected."""
        if name and self.apart(name):
            return 0, 0, 1
        fresh = self._did(self._person(user) if user else self._holder(name), f"i:{key}")
        return int(fresh), int(not fresh), 0

    def erase(self, user: str) -> None:
        """Who was named with a device set apart is known by that alone."""
        gone = self.people.get(user) or Person({user})
        for name in [*self.claims]:
            if name in gone.names or self.apart(name):
                self.claims[name] -= gone.ids
        self.people = {id: one for id, one in self.people.items() if one is not gone}
        self.holders = {name: one for name, one in self.holders.items() if one is not gone}

    def batch(self, events: Sequence[Said]) -> bool:
        """Links first, in order; then what each tells. Whether every opt-out was heard."""
        left: list[Said] = []
        brought: set[str] = set()
        for one in events:
            try:
                self._links(one, brought)
            except SharedError:
                continue
            left.append(one)
            brought.add(one.user or f"anonymous:{one.device}")
        told = [self._tells(one) or one.event != "Unsubscribed" for one in left]
        return all(told)

    def _links(self, said: Said, brought: set[str]) -> None:
        device = f"anonymous:{said.device}" if said.device else ""
        if said.call == "alias":
            self._alias(said.user, said.previous, brought)
        elif said.call == "identify" and said.user:
            names = [device, f"email:{said.mail}" if said.mail else ""]
            for name in filter(None, names):
                self._tie(said.user, name)

    def _tie(self, user: str, name: str) -> None:
        person, holder = self.people.get(user), self.holders.get(name)
        anothers = holder and holder is not person and holder.ids != {MADE}
        if name.startswith("anonymous:") and (self.apart(name) or anothers):
            return
        if person and name in person.names:
            return
        try:
            self.link(user, name)
        except SharedError:
            return

    def _alias(self, user: str, previous: str, brought: set[str]) -> None:
        if previous == user:
            return
        name = f"anonymous:{previous}"
        if self.apart(name):
            raise SharedError
        visitor, known = self.holders.get(name), self.people.get(previous)
        is_visitor = visitor is not None or name in brought
        is_known = known is not None or previous in brought
        if is_visitor and is_known and (visitor is None or visitor is not known):
            raise SharedError  # set aside all the same
        if is_known and (known is None or known is not self.people.get(user)):
            self.link(previous, name)
        person = self.people.get(user)
        if not (person and name in person.names):
            self.link(user, name)

    def _tells(self, said: Said) -> bool:
        device = f"anonymous:{said.device}"
        if not said.user and self.apart(device):
            return False
        person = self._person(said.user) if said.user else self._holder(device)
        fresh = said.call == "track" and self._did(person, f"e:{said.key}")
        if fresh and said.event == "Unsubscribed":
            person.consent = "denied"
        return True

    def _did(self, person: Person, key: str) -> bool:
        fresh = key not in person.keys
        person.keys.add(key)
        person.count += fresh
        return fresh

    def _merge(self, person: Person, other: Person) -> None:
        person.ids |= other.ids
        person.names |= other.names
        person.keys |= other.keys
        person.count += other.count
        person.consent = max(person.consent, other.consent, key=RANK.index)
        for held in (self.people, self.holders):
            held.update({key: person for key, one in held.items() if one is other})

    def _person(self, user: str) -> Person:
        return self.people.setdefault(user, Person({user}))

    def _holder(self, name: str) -> Person:
        if name not in self.holders:
            self.holders[name] = Person({MADE}, {name})
        return self.holders[name]
