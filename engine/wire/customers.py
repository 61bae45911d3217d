"""`GET` and `PATCH /v1/customers/{id}`: what we hold of a customer, and changing it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

import msgspec
from marshmallow import ValidationError, fields
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.domain import Consent, Value
from engine.errors import InvalidRequest, Problem
from engine.wire.body import read_once
from engine.wire.fields import IdField, MomentField, Strict, ValuesField, WordField, one_of
from engine.wire.problems import nearest, pointer_to
from engine.wire.values import Changes, Id, Moment, Stamp, Word, check_moments, milliseconds

AHEAD = 5 * 60 * 1000
SOURCE = "api"

Status = Literal["granted", "denied"]


class ConsentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer said, when and where."""

    status: Status
    at: Moment | UnsetType = UNSET
    source: Id = SOURCE
    wording: Word = ""

    def __post_init__(self) -> None:
        check_moments(self.at)


class CustomerPatchBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is not named stays."""

    attributes: Changes = {}
    consent: Annotated[dict[Id, Status | ConsentBody], Meta(max_length=50)] = {}


class ConsentSchema(Strict):
    """What the customer said about a purpose, when and where."""

    status = one_of("granted", "denied")
    status.required = True
    at = MomentField(metadata={"description": "Default: now."})
    source = IdField(metadata={"description": f"Default: {SOURCE}."})
    wording = WordField(metadata={"description": "The version of the text the customer saw."})


class ConsentsField(fields.Dict):
    """Purposes to a status, or to a status with its time and source."""

    _one = ConsentSchema()

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("must be an object")
        if len(value) > 50:
            raise ValidationError("must hold at most 50 purposes")
        faults = {purpose: self._fault(purpose, said) for purpose, said in value.items()}
        if any(faults.values()):
            raise ValidationError({purpose: fault for purpose, fault in faults.items() if fault})
        return dict(value)

    def _fault(self, purpose: str, said: Any) -> Any:
        try:
            IdField().deserialize(purpose)
        except ValidationError as error:
            return error.messages
        if isinstance(said, str):
            ok = said in ("granted", "denied")
            return [] if ok else ["must be granted or denied, or an object with a status"]
        return self._one.validate(said)


class CustomerPatchSchema(Strict):
    """What is to change; what is not named stays. `null` forgets an attribute."""

    attributes = ValuesField(deletes=True)
    consent = ConsentsField(
        metadata={
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "enum": ["granted", "denied"]},
                    {"$ref": "#/components/schemas/Consent"},
                ]
            }
        }
    )


class ConsentReply(Struct, frozen=True, omit_defaults=True):
    """What the customer said, when and where, and to which wording."""

    status: Status
    at: Stamp
    source: str
    wording: str = ""


class RecentReply(Struct, frozen=True, omit_defaults=True):
    """One of the latest interactions."""

    at: Stamp
    type: str
    action: str = ""
    channel: str = ""
    placement: str = ""
    topic: str = ""


class CustomerReply(Struct, frozen=True):
    """All we hold of a customer that a colleague would ask for."""

    customer_id: str
    attributes: dict[str, Any]
    consent: dict[str, ConsentReply]
    segments: list[str]
    tables: dict[str, Value]
    identities: list[str]
    recent: list[RecentReply]
    revision: int
    merged: Annotated[list[str], Meta(description="Former ids; all still work.")] = []


_decoder = msgspec.json.Decoder(CustomerPatchBody)
_schema = CustomerPatchSchema()


def read_patch(body: bytes) -> CustomerPatchBody:
    """The change as sent. Raises Malformed or InvalidRequest."""
    return read_once(body, CustomerPatchBody, _decoder, _schema)


def to_consents(body: CustomerPatchBody, purposes: Collection[str], now: int) -> dict[str, Consent]:
    """The statements by purpose, `now` (ms) where they have no time. Raises InvalidRequest.

    None is kept as later than `now`: what is said next must never be older than it.
    """
    problems: list[Problem] = []
    consents: dict[str, Consent] = {}
    for purpose, said in body.consent.items():
        consent = _consent(said, now)
        consents[purpose] = msgspec.structs.replace(consent, at=min(consent.at, now))
        if purpose not in purposes:
            hint = nearest(purpose, purposes)
            detail = f"is not a purpose of the catalogue{hint}"
            problems.append(Problem("/consent" + pointer_to(purpose), detail))
        if consent.at > now + AHEAD:
            detail = "is more than five minutes in the future; check the sender's clock"
            problems.append(Problem("/consent" + pointer_to(purpose, "at"), detail))
    if problems:
        raise InvalidRequest(problems)
    return consents


def _consent(said: Status | ConsentBody, now: int) -> Consent:
    if isinstance(said, str):
        return Consent(said, now, SOURCE)
    at = milliseconds(said.at) if said.at else now
    return Consent(said.status, at, said.source, said.wording)
