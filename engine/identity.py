"""Two customers that turn out to be one: who survives, and what the survivor inherits.

Pure. Merging three customers in any order gives the same memory, and no merge ever forgets a
contact or an interaction, so it can never free a cap.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

import msgspec
from msgspec.structs import astuple, replace

from engine.domain import (
    Consent,
    Contact,
    Contacts,
    CustomerState,
    Event,
    EventLabel,
    Events,
    Label,
    Pointer,
    Tally,
    Told,
    Value,
)

MADE = "anonymous-"
"""How the ids of customers begin whom we know by an identity only; 32 hex digits follow."""

_OURS = re.compile(MADE + "[0-9a-f]{32}")  # a caller's own ids may begin like that, too

MOST_NAMES = 500
"""So many identities a customer has at most, and so many others became a part of them: every load
brings them along."""

_MOST_CLAIMS = 100

L = TypeVar("L", Label, EventLabel)


def ranked(one: CustomerState, other: CustomerState) -> tuple[CustomerState, CustomerState]:
    """The survivor, created first, then of the smaller id; and the one that becomes a part of it.

    Both exist: when a customer was created never changes, so everyone ranks them the same way.
    """
    first, second = sorted((one, other), key=lambda state: (state.created, state.customer_id))
    return first, second


def merge(survivor: CustomerState, other: CustomerState) -> CustomerState:
    """The survivor with all that the other one was.

    Attributes are those told last; consent denied beats granted beats unknown; contacts,
    interactions, totals and open matters are added up.
    """
    attributes, times = _attributes(survivor, other)
    return replace(
        survivor,
        created=min(survivor.created, other.created),
        clock=max(survivor.clock, other.clock),
        attributes=attributes,
        told=_in_short(attributes, times),
        consent=_consent(survivor.consent, other.consent),
        contacts=_contacts(survivor.contacts, other.contacts),
        events=_events(survivor.events, other.events),
        identities=_names(survivor.identities, other.identities),
        formerly=_names(survivor.formerly, other.formerly, (other.subject,)),
        merged=_names(survivor.merged, other.merged, (other.customer_id,)),
    )


def fit(one: CustomerState, other: CustomerState) -> bool:
    """Whether merging the two leaves as many names as a customer may have."""
    merged = len({*one.merged, *other.merged}) + 1
    return merged <= MOST_NAMES and len({*one.identities, *other.identities}) <= MOST_NAMES


def named(state: CustomerState) -> bool:
    """Whether somebody else gave this customer an id, or one that became a part of them."""
    return any(not _OURS.fullmatch(one) for one in (state.customer_id, *state.merged))


def claim(pointer: Pointer, customer_id: str) -> Pointer:
    """The pointer once this customer was named together with its identity.

    Customers we made up ourselves are nobody else yet, and do not count.
    """
    mark = _mark(customer_id)
    known = pointer.claims
    if _OURS.fullmatch(customer_id) or mark in known or len(known) >= _MOST_CLAIMS:
        return pointer
    return replace(pointer, claims=tuple(sorted((*known, mark))))


def disclaimed(pointer: Pointer, customer_ids: Collection[str]) -> Pointer:
    """The pointer as if none of these customers had ever been named together with its identity."""
    marks = {_mark(one) for one in customer_ids}
    holder = "" if pointer.customer_id in customer_ids else pointer.customer_id
    return Pointer(holder, tuple(mark for mark in pointer.claims if mark not in marks))


def _mark(customer_id: str) -> str:
    return blake2b(customer_id.encode(), digest_size=6).hexdigest()


def shared(pointer: Pointer, limit: int) -> bool:
    """Whether more than `limit` customers were named with this identity: it tells nobody apart."""
    return len(pointer.claims) > limit


def times_of(state: CustomerState) -> dict[str, int]:
    """When each attribute was last told or forgotten, ms."""
    return {**dict.fromkeys(state.attributes, state.told.base), **state.told.since}


def retold(
    state: CustomerState, attributes: Mapping[str, Value], names: Iterable[str], at: int
) -> Told:
    """When `attributes`, which the state is to have, were told, if those `names` were told or
    forgotten `at` (ms)."""
    return _in_short(attributes, {**times_of(state), **dict.fromkeys(names, at)})


def _in_short(attributes: Mapping[str, Value], times: Mapping[str, int]) -> Told:
    """The time most attributes share is said once."""
    shares = Counter(times[name] for name in attributes)
    base = max(shares, key=lambda at: (shares[at], at), default=0)
    since = {name: at for name, at in times.items() if name not in attributes or at != base}
    return Told(base, since)


def _attributes(
    one: CustomerState, other: CustomerState
) -> tuple[dict[str, Value], dict[str, int]]:
    """Each attribute as told last, forgotten ones too, and when; of two told at once, the
    greater."""
    attributes: dict[str, Value] = {}
    ours, theirs = times_of(one), times_of(other)
    times: dict[str, int] = {}
    for name in sorted(ours | theirs):
        at, packed, value = max(_telling(one, name, ours), _telling(other, name, theirs))
        times[name] = at
        if packed:
            attributes[name] = value
    return attributes, times


def _telling(state: CustomerState, name: str, times: Mapping[str, int]) -> tuple[int, bytes, Value]:
    """What orders two tellings; where time and bytes are the same, the values are too."""
    value = state.attributes.get(name, "")
    packed = msgspec.msgpack.encode(value) if name in state.attributes else b""
    return times.get(name, -1), packed, value


def _consent(one: dict[str, Consent], other: dict[str, Consent]) -> dict[str, Consent]:
    both: dict[str, Consent] = {}
    for purpose in sorted(one.keys() | other.keys()):
        said = [consent[purpose] for consent in (one, other) if purpose in consent]
        # a no is dated like the latest of them: a yes sent once more must not undo it
        both[purpose] = replace(max(said, key=_weight), at=max(consent.at for consent in said))
    return both


def _weight(consent: Consent) -> tuple[bool, int, str, str]:
    """Orders statements. The time of a no may be another's, so it says nothing of its source."""
    denied = consent.status == "denied"
    return denied, 0 if denied else consent.at, consent.source, consent.wording


def _contacts(one: Contacts, other: Contacts) -> Contacts:
    labels = _labels(one.labels, other.labels)
    rows = [
        replace(row, label=labels.index(contacts.labels[row.label]))
        for contacts in (one, other)
        for row in contacts.rows
    ]
    return Contacts(labels, tuple(sorted(rows, key=_contact_order)))


def _contact_order(row: Contact) -> tuple[int, str, int, int, str]:
    return row.at, row.decision, row.label, row.until, row.ask


def _events(one: Events, other: Events) -> Events:
    labels = _labels(one.labels, other.labels)
    rows: list[Event] = []
    tallies = [Tally(0, 0)] * len(labels)
    for events in (one, other):
        place = [labels.index(label) for label in events.labels]
        rows += [replace(row, label=place[row.label]) for row in events.rows]
        for at, tally in zip(place, events.tallies, strict=True):
            tallies[at] = _added(tallies[at], tally)
    matters = {*one.open, *other.open}
    return Events(
        labels,
        tuple(sorted(rows, key=lambda row: (row.at, row.label, row.until))),
        tuple(tallies),
        tuple(sorted(matters, key=lambda matter: (matter.since, matter.id, matter.topic))),
    )


def _added(one: Tally, other: Tally) -> Tally:
    return Tally(one.count + other.count, max(one.last, other.last))


def _labels(one: Sequence[L], other: Sequence[L]) -> tuple[L, ...]:
    both: set[L] = set(one) | set(other)
    return tuple(sorted(both, key=astuple))


def _names(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for part in parts for name in part if name}))
