"""`GET …/export` and `DELETE /v1/customers/{id}`: all that is held, and the proof of its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from engine.domain import Contacts, Events
from engine.wire.customers import CustomerReply
from engine.wire.values import Stamp, rfc3339

_TIMES = frozenset(("at", "clock", "created", "last", "now", "since", "until"))


class ExportReply(Struct, frozen=True):
    """Everything held of one customer. `log`: every record there is, oldest first.

    `customer` is null where only records are left. `archive`: the rows of what was logged,
    older ones too.
    """

    customer_id: str
    exported_at: Stamp
    customer: CustomerReply | None
    merged: list[str]
    contacts: list[dict[str, Any]]
    interactions: list[dict[str, Any]]
    totals: list[dict[str, Any]]
    open: list[dict[str, Any]]
    log: list[dict[str, Any]]
    archive: list[dict[str, Any]]


class ProofReply(Struct, frozen=True):
    """What an erasure erased, by place; it names nobody. `tombstones` are keyed hashes."""

    proof_id: str
    at: Stamp
    erased: dict[str, int]
    tombstones: tuple[str, ...]


def plain(value: object) -> Any:
    """A value with each struct an object by its fields' names, and their times as text.

    A struct's tag is its `record`. Values of attributes stay as they are stored: times and
    durations among them are milliseconds.
    """
    if isinstance(value, Struct):
        tag = value.__struct_config__.tag
        told = {name: _field(name, getattr(value, name)) for name in value.__struct_fields__}
        return {"record": tag, **told} if tag else told
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def contacts_told(contacts: Contacts) -> list[dict[str, Any]]:
    """Each contact with its label's fields."""
    return [_labelled(row, contacts.labels[row.label]) for row in contacts.rows]


def interactions_told(events: Events) -> list[dict[str, Any]]:
    """Each remembered interaction with its label's fields."""
    return [_labelled(row, events.labels[row.label]) for row in events.rows]


def totals_told(events: Events) -> list[dict[str, Any]]:
    """How often each thing has happened since we know the customer, and when last."""
    pairs: Iterable[tuple[Struct, Struct]] = zip(events.labels, events.tallies, strict=True)
    return [{**plain(label), **plain(tally)} for label, tally in pairs]


def _labelled(row: Struct, label: Struct) -> dict[str, Any]:
    told: dict[str, Any] = {**plain(row), **plain(label)}
    del told["label"]
    return told


def _field(name: str, value: object) -> Any:
    if name in _TIMES and isinstance(value, int):
        return rfc3339(value) if value else None
    return plain(value)
