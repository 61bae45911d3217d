"""What goes into a partition's log: one entry for everything that happened to a customer.

An entry is small and complete: a decision can be made again from it alone (I7), training
reads from it what was served, and the timeline is made of it.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from engine.domain import Consent, Interaction, Value
from engine.plan import DecisionRequest, Plan


class DecisionRecord(Struct, frozen=True, tag="decision"):
    """A decision with all it was made from.

    `state` is the customer's packed sections as loaded, `revision` the state's; `catalogue`
    and `models` are digests; `plan` is `bare`.
    """

    decision_id: str
    request: DecisionRequest
    state: dict[str, bytes]
    revision: int
    now: int
    catalogue: str
    models: dict[str, str]
    plan: Plan


class InteractionRecord(Struct, frozen=True, tag="interaction"):
    """An interaction as taken in; `reward` is what it is worth to learning, None for nothing."""

    customer_id: str
    interaction: Interaction
    reward: float | None
    now: int


class CustomerRecord(Struct, frozen=True, tag="customer"):
    """A change of attributes (None: removed) or consent, and who told us."""

    customer_id: str
    attributes: dict[str, Value | None]
    consent: dict[str, Consent]
    source: str
    now: int


class VoidRecord(Struct, frozen=True, tag="void"):
    """A decision whose commit was never confirmed: nobody saw it, nothing learns from it.

    `customer_id` is "" where nothing was held of the customer.
    """

    decision_id: str
    customer_id: str
    now: int


class IdentityRecord(Struct, frozen=True, tag="identity"):
    """An identity of that namespace was linked to the customer, or taken away as shared."""

    customer_id: str
    namespace: str
    linked: bool
    now: int


class MergeRecord(Struct, frozen=True, tag="merge"):
    """Customer `merged` became a part of this one; `subject` was its name in the archive."""

    customer_id: str
    merged: str
    subject: str
    now: int


Record = (
    DecisionRecord | InteractionRecord | CustomerRecord | VoidRecord | IdentityRecord | MergeRecord
)


def bare(plan: Plan) -> Plan:
    """The plan as kept: without the candidates and contacts, which deciding again derives."""
    return msgspec.structs.replace(plan, candidates=None, contacts=None)


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def customer_of(record: Record) -> str:
    """Whose entry it is."""
    if isinstance(record, DecisionRecord):
        return record.request.customer_id
    return record.customer_id


def of_nobody(record: Record) -> bool:
    """Whether it was made of a customer of whom nothing was held."""
    if isinstance(record, DecisionRecord):
        return not record.revision
    return isinstance(record, VoidRecord) and not record.customer_id


def encode(record: Record) -> bytes:
    """The entry as stored."""
    return _encoder.encode(record)


def decode(data: bytes) -> Record:
    """A stored entry. Raises msgspec.DecodeError when it is none of ours."""
    return _decoder.decode(data)


def legible(data: bytes) -> Record | None:
    """A stored entry; None when it is none of ours, which must stop nobody who reads on."""
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
