"""What we hold of a customer, and changing it: attributes and consent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from engine import record
from engine.catalogue import Catalogue
from engine.change import Change, Committed, Conflict, Known, Loaded
from engine.domain import Consent, CustomerState, Event, Events, Facts, Value
from engine.errors import AnswerLost, Contention, InvalidRequest, NotFound, Problem
from engine.identity import retold
from engine.record import CustomerRecord
from engine.rules.consent import later
from engine.rules.fitting import fitting
from engine.rules.types import DURATION, TIMESTAMP, Type, element_of
from engine.services.deciding.changes import change_of, moved, retention
from engine.services.ports import Memory, Serving, Watch
from engine.wire.customers import (
    SOURCE,
    ConsentReply,
    CustomerPatchBody,
    CustomerReply,
    RecentReply,
    to_consents,
)
from engine.wire.problems import nearest, pointer_to
from engine.wire.values import rfc3339, span

PATIENCE = 2.0  # seconds a change may go on retrying
RECENT = 20


_TOLD: Mapping[Type, Callable[[Any], str]] = {TIMESTAMP: rfc3339, DURATION: span}


class Customers:
    """`GET` and `PATCH /v1/customers/{id}`."""

    def __init__(self, memory: Memory, serving: Serving, watch: Watch) -> None:
        self._memory = memory
        self._serving = serving
        self._watch = watch

    def view(self, customer_id: str) -> CustomerReply:
        """What we hold. Raises NotFound for a customer never heard of."""
        loaded = self._memory.load(customer_id)
        if not loaded.state.revision:
            raise NotFound("no such customer: PATCH it, or tell an interaction, to create it")
        return document(loaded.state, self._serving.live.catalogue, loaded.now)

    def change(
        self, customer_id: str, body: CustomerPatchBody, source: str = SOURCE
    ) -> CustomerReply:
        """Change what is named, creating the customer if need be; the customer afterwards.

        `source`: who tells us, for the record.
        Raises InvalidRequest, and Contention when the customer keeps changing meanwhile.
        """
        live = self._serving.live
        deadline = time.monotonic() + PATIENCE
        loaded = self._memory.load(customer_id, deadline=deadline)
        while True:
            after, entry = changed(loaded, body, live.catalogue, source)
            sections = sections_of(loaded.state, after)
            change = change_of(loaded, sections, [record.encode(entry)], (), retention(live))
            result = self._commit(change, after, deadline)
            if isinstance(result, Committed):
                if body.consent and "consent" not in sections:  # said before: now it must hold
                    self._memory.assure(change.customer_id)
                after = replace(after, revision=result.revision)
                return document(after, live.catalogue, loaded.now)
            if time.monotonic() >= deadline or isinstance(result, Known):
                raise Contention("this customer keeps changing: send the change again")
            self._watch.conflict()
            loaded = result.loaded

    def _commit(
        self, change: Change, after: CustomerState, deadline: float
    ) -> Committed | Conflict | Known:
        """As the store's; a lost answer is asked for once more, and a conflict with what this
        very change came to is its answer."""
        try:
            return self._memory.commit(change, deadline)
        except AnswerLost:
            result = self._memory.commit(change, deadline)
            if isinstance(result, Conflict) and _came_to(result.loaded.state, after):
                return Committed(result.loaded.state.revision)
            return result


def _came_to(state: CustomerState, after: CustomerState) -> bool:
    """Whether a customer is as a change from the revision of `after` leaves them."""
    return state.revision == after.revision + 1 and not sections_of(state, after)


def changed(
    loaded: Loaded, body: CustomerPatchBody, catalogue: Catalogue, source: str
) -> tuple[CustomerState, CustomerRecord]:
    """The customer afterwards, and the record of the change. Raises InvalidRequest."""
    state = loaded.state
    forgotten = [name for name, value in body.attributes.items() if value is None]
    told = {name: value for name, value in body.attributes.items() if value is not None}
    typed = _typed(told, forgotten, catalogue)
    consents = to_consents(body, catalogue.purposes, loaded.now)
    latest = {
        purpose: said
        for purpose, said in consents.items()
        if later(state.consent.get(purpose), said) is said
    }
    kept = {name: value for name, value in state.attributes.items() if name not in forgotten}
    attributes = {**kept, **typed}
    changes: dict[str, Value | None] = {**typed, **dict.fromkeys(forgotten)}
    after = replace(
        state,
        attributes=attributes,
        told=retold(state, attributes, changes, loaded.now),
        consent={**state.consent, **latest},
    )
    return after, CustomerRecord(state.customer_id, changes, latest, source, loaded.now)


def _typed(
    told: Mapping[str, object], forgotten: Iterable[str], catalogue: Catalogue
) -> dict[str, Value]:
    """What is told, typed; an undeclared name is a fault even where it is to be forgotten."""
    declared = catalogue.scope.customer
    strange = [
        Problem(
            "/attributes" + pointer_to(name),
            f"is not declared in the schema{nearest(name, declared)}",
        )
        for name in forgotten
        if name not in declared
    ]
    try:
        typed = catalogue.validate_attributes(told, "customer")
    except InvalidRequest as error:
        raise InvalidRequest([*error.problems, *strange]) from None
    if strange:
        raise InvalidRequest(strange)
    return typed


def sections_of(before: CustomerState, after: CustomerState) -> dict[str, bytes]:
    """What a change of attributes and consent writes: the sections that moved."""
    return moved(before, after, ("attributes", "told", "consent"))


def document(state: CustomerState, catalogue: Catalogue, now: int) -> CustomerReply:
    """A customer as JSON says it, at `now` (ms)."""
    facts = Facts(state.attributes, {}, state.events, "", now)
    evaluation = catalogue.ruleset.evaluate(facts)
    return CustomerReply(
        state.customer_id,
        {name: _as_sent(name, value, catalogue) for name, value in state.attributes.items()},
        {purpose: _said(said) for purpose, said in state.consent.items()},
        [name for name, holds in evaluation.segments.items() if holds],
        {name: value for name, value in evaluation.tables.items() if value is not None},
        list(state.identities),
        [_recent(state.events, row) for row in reversed(state.events.rows[-RECENT:])],
        state.revision,
        list(state.merged),
    )


def _as_sent(name: str, value: Value, catalogue: Catalogue) -> object:
    """A stored attribute as JSON tells it: times and spans are text again. One that is no such
    thing, since it is older than the schema, is told as it is stored."""
    attribute = catalogue.scope.customer.get(name)
    if attribute is None or fitting(value, attribute.type, None) is None:
        return value
    kind = element_of(attribute.type) if attribute.type.of else attribute.type
    tell = _TOLD.get(kind)
    if tell is None:
        return value
    try:
        return list(map(tell, value)) if isinstance(value, list) else tell(value)
    except OverflowError:  # a mere number once, and too large for a time
        return value


def _said(consent: Consent) -> ConsentReply:
    return ConsentReply(consent.status, rfc3339(consent.at), consent.source, consent.wording)


def _recent(events: Events, row: Event) -> RecentReply:
    label = events.labels[row.label]
    return RecentReply(
        rfc3339(row.at), label.type, label.action, label.channel, label.placement, label.topic
    )
