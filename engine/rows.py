"""What a log entry comes to as flat rows: the archive keeps them, the timeline is made of them.

Pure. A row names the customer by a random subject, never by an id or an identity, and holds
no value of a personal attribute, whatever the entry says. What an interaction's sender called it
is digested: it may spell the customer.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from engine.change import Entry
from engine.domain import Consent, Value
from engine.facts import Disclosed, keepable
from engine.partitions import made_at
from engine.plan import Chosen
from engine.record import (
    CustomerRecord,
    DecisionRecord,
    IdentityRecord,
    InteractionRecord,
    MergeRecord,
    Record,
    VoidRecord,
)

VOID = "void"
"""The type of the row that says nobody saw a decision."""

_CHOICE: Mapping[str, Any] = {
    **dict.fromkeys(("action", "kind", "treatment"), ""),
    **dict.fromkeys(("rank", "propensity", "value", "priority", "selection_probability")),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 24 * 3600 * 1000


class DecisionRow(Struct, frozen=True):
    """One action chosen for one placement; without an action where it came to nothing else.

    `partition` and `entry` are where the log had it, `at` is ms; the numbers are None where
    there is no action. `facts` are for `engine.facts.unpack_facts`, empty where nobody may learn
    from them.
    """

    partition: int
    entry: str
    subject: str
    at: int
    decision_id: str
    channel: str
    placement: str
    action: str
    kind: str
    treatment: str
    rank: int | None
    propensity: float | None
    value: float | None
    priority: float | None
    selection_probability: float | None
    features: list[float]
    fallback: bool
    mode: str
    catalogue: str
    models: str
    facts: bytes = b""


class InteractionRow(Struct, frozen=True):
    """One interaction, its `id` digested; of type `void`, the word that nobody saw a decision."""

    partition: int
    entry: str
    subject: str
    at: int
    id: str
    type: str
    decision_id: str = ""
    action: str = ""
    placement: str = ""
    channel: str = ""
    topic: str = ""
    status: str = ""
    reward: float | None = None
    value: float | None = None


class ChangeRow(Struct, frozen=True):
    """One change of a customer: `what` changed, and `data`, a JSON object that says how."""

    partition: int
    entry: str
    subject: str
    at: int
    what: str
    data: str


Row = DecisionRow | InteractionRow | ChangeRow


def rows_of(entry: Entry, record: Record, subject: str, known: Disclosed, key: bytes) -> list[Row]:
    """All rows of a record. Of attributes that are not `known` only the names are kept; ids of
    interactions are digested under `key`."""
    at: tuple[int, str, str] = (entry.partition, entry.id, subject)
    match record:
        case DecisionRecord():
            return list(_decision(at, record, known))
        case InteractionRecord():
            return [_interaction(at, record, key)]
        case CustomerRecord():
            return list(_customer(at, record, known.attributes))
        case VoidRecord():
            return [InteractionRow(*at, record.now, "", VOID, record.decision_id)]
        case IdentityRecord():
            data = _json({"namespace": record.namespace, "linked": record.linked})
            return [ChangeRow(*at, record.now, "identity", data)]
        case MergeRecord():
            return [ChangeRow(*at, record.now, "merge", _json({"subject": record.subject}))]


def placed_at(row: Row) -> int:
    """When a row has its place in the archive, ms: an answer never before its decision."""
    if isinstance(row, InteractionRow) and row.decision_id:
        return max(row.at, made_at(row.decision_id))
    return row.at


def happened_at(record: DecisionRecord | InteractionRecord) -> int:
    """When its rows have their place, ms. ValueError for a decision id that is none."""
    if isinstance(record, DecisionRecord):
        return made_at(record.decision_id)
    said = record.interaction
    return max(said.at, made_at(said.decision_id)) if said.decision_id else said.at


def day_of(at: int) -> str:
    """The UTC date of a time in ms, `YYYY-MM-DD`. OverflowError when there is no such year."""
    return _date(at // _DAY)


@lru_cache(4096)
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def start_of(day: str) -> int:
    """When a date as `day_of` tells it begins, ms."""
    return (datetime.fromisoformat(f"{day}T00:00Z") - _EPOCH) // timedelta(milliseconds=1)


def _decision(
    at: tuple[int, str, str], record: DecisionRecord, known: Disclosed
) -> Iterator[DecisionRow]:
    """Nothing for one that answered an earlier decision again."""
    if record.plan.repeat:
        return
    models = _json(record.models)
    facts = keepable(record, known) if any(f.actions for f in record.plan.placements) else b""
    features = list(record.plan.features) if known.features else []
    for filled in record.plan.placements:
        chosen: Iterable[Chosen | None] = filled.actions or (None,)
        for one in chosen:
            yield DecisionRow(
                *at,
                at=made_at(record.decision_id),
                decision_id=record.decision_id,
                channel=record.request.channel,
                placement=filled.id,
                features=[] if one is None else features,
                fallback=filled.fallback,
                mode=record.request.mode,
                catalogue=record.catalogue,
                models=models,
                facts=b"" if one is None else facts,
                **{name: getattr(one, name, empty) for name, empty in _CHOICE.items()},
            )


def digest_of(customer_id: str, interaction_id: str, key: bytes) -> str:
    """What stands for an interaction's id, so that only who has the key can test a guess."""
    if not interaction_id:
        return ""
    said = msgspec.msgpack.encode((customer_id, interaction_id))
    return blake2b(said, digest_size=8, key=key).hexdigest()


def _interaction(at: tuple[int, str, str], record: InteractionRecord, key: bytes) -> InteractionRow:
    said = record.interaction
    return InteractionRow(
        *at,
        said.at,
        digest_of(record.customer_id, said.id, key),
        said.type,
        said.decision_id,
        said.action,
        said.placement,
        said.channel,
        said.topic,
        said.status,
        record.reward,
        said.value,
    )


def _customer(
    at: tuple[int, str, str], record: CustomerRecord, told: Collection[str]
) -> Iterator[ChangeRow]:
    if record.attributes:
        data = _json(_attributes(record.attributes, told))
        yield ChangeRow(*at, record.now, "attributes", data)
    if record.consent:
        said = {purpose: _consent(one) for purpose, one in record.consent.items()}
        yield ChangeRow(*at, record.now, "consent", _json(said))


def _attributes(attributes: Mapping[str, Value | None], told: Collection[str]) -> dict[str, object]:
    """What was set, with the values that may be told; the names of the others; what was removed."""
    given = {name: value for name, value in attributes.items() if value is not None}
    return {
        "set": {name: value for name, value in given.items() if name in told},
        "hidden": sorted(given.keys() - set(told)),
        "removed": sorted(name for name, value in attributes.items() if value is None),
    }


def _consent(said: Consent) -> dict[str, object]:
    return msgspec.structs.asdict(said)


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
