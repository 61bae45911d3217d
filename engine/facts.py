"""What a model may look at, put together for a decision and kept for learning.

Pure. What is kept names nobody: no id, no identity, no value of a personal attribute or of a
personal fact of the moment, and nothing at all of a customer who refused personalisation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from engine.catalogue import Catalogue
from engine.codec import Stored, unpack
from engine.domain import CustomerState, Events, Facts, Value
from engine.errors import StateUnknown
from engine.plan import DecisionRequest
from engine.record import DecisionRecord
from engine.rules.consent import refuses_personalisation

_SEEN = ("attributes", "consent", "events")


class Disclosed(NamedTuple):
    """What a history may hold the values of: attributes of customers, facts of the moment.

    `defaults` stand in for attributes that were never told; `features`: whether it may hold the
    numbers a model saw, too, which are none of a personal value.
    """

    attributes: Collection[str] = frozenset()
    context: Collection[str] = frozenset()
    defaults: Mapping[str, Value] = {}
    features: bool = False


class _Kept(NamedTuple):
    """`Facts` as stored."""

    customer: dict[str, Stored]
    context: dict[str, Stored]
    events: Events
    channel: str
    now: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Kept)


def disclosed(catalogue: Catalogue) -> Disclosed:
    """All that is declared, and not as personal; no features where one looks at what is."""
    rooms = {"customer": catalogue.scope.customer, "context": catalogue.scope.context}
    attributes, context = (
        frozenset(name for name, attribute in declared.items() if not attribute.personal)
        for declared in rooms.values()
    )
    personal = {
        f"{room}.{name}"
        for room, declared in rooms.items()
        for name, attribute in declared.items()
        if attribute.personal
    }
    nameless = all(feature.source not in personal for feature in catalogue.features)
    return Disclosed(attributes, context, defaults_of(catalogue), nameless)


def defaults_of(catalogue: Catalogue) -> dict[str, Value]:
    """What stands in for attributes of a customer that were never told."""
    declared = catalogue.scope.customer.items()
    return {name: one.default for name, one in declared if one.default is not None}


def facts_of(
    request: DecisionRequest, state: CustomerState, defaults: Mapping[str, Value], now: int
) -> Facts:
    """What conditions, features and templates look at; the request has the last word."""
    return Facts(
        {**defaults, **state.attributes, **request.attributes},
        request.context,
        state.events,
        request.channel,
        now,
    )


def impersonal(request: DecisionRequest, state: CustomerState) -> bool:
    """Refused, now or ever: then no model and no feature of the customer is used."""
    return request.privacy_signal or refuses_personalisation(state.consent)


def learnable(record: DecisionRecord, defaults: Mapping[str, Value]) -> Facts | None:
    """The facts a live decision was made from; None where nobody may learn from them: a preview,
    a customer who refused personalisation, a state that cannot be read."""
    request = record.request
    sections = {name: record.state[name] for name in _SEEN if name in record.state}
    try:
        state = unpack(request.customer_id, sections)
    except StateUnknown:
        return None
    if request.mode != "live" or impersonal(request, state):
        return None
    return facts_of(request, state, defaults, record.now)


def keepable(record: DecisionRecord, known: Disclosed) -> bytes:
    """The facts a decision was made from, packed; empty where nobody may learn from them."""
    facts = learnable(record, known.defaults)
    return b"" if facts is None else pack_facts(_nameless(facts, known))


def pack_facts(facts: Facts) -> bytes:
    """Facts as stored."""
    return _encoder.encode(facts)


def unpack_facts(packed: bytes) -> Facts:
    """Facts from `pack_facts`. Raises msgspec.DecodeError."""
    kept = _decoder.decode(packed)
    customer: dict[str, Value] = {**kept.customer}
    context: dict[str, Value] = {**kept.context}
    return Facts(customer, context, kept.events, kept.channel, kept.now)


def _nameless(facts: Facts, known: Disclosed) -> Facts:
    """Without personal values, and without the ids of what the customer waits for."""
    matters = tuple(replace(matter, id="") for matter in facts.events.open)
    return replace(
        facts,
        customer=_only(facts.customer, known.attributes),
        context=_only(facts.context, known.context),
        events=replace(facts.events, open=matters),
    )


def _only(values: Mapping[str, Value], names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name in names}
