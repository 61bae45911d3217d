"""Naming a customer: by id or by an identity; linking one; the identities set apart."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from marshmallow import ValidationError, fields, validates_schema
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.errors import InvalidRequest, Problem
from engine.wire.body import read
from engine.wire.values import PRINTABLE, Id, IdField, Strict, TextField

MAX_IDENTITY = 320  # an e-mail address has at most 254 characters (RFC 5321)
_ONE_NAME = "must name the customer by id or by identity, and only by one of them"

Identity = Annotated[str, Meta(min_length=1, max_length=MAX_IDENTITY, pattern=PRINTABLE)]


class CustomerBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who it is about: `id` or `identity`, and only one of them."""

    id: Id | UnsetType = UNSET
    identity: Identity | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.id is UNSET) == (self.identity is UNSET):
            raise ValueError(_ONE_NAME)


class LinkBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An identity that is the customer's."""

    identity: Identity


class SharedReply(Struct, frozen=True):
    """The identities set apart because too many customers share them."""

    identities: list[str]


class IdentityField(TextField):
    """`namespace:value`, 1 to 320 characters, none of them a control character."""

    def __init__(self, **options: Any) -> None:
        super().__init__(MAX_IDENTITY, **options)


class CustomerSchema(Strict):
    """Who it is about: `id` or `identity`, and only one of them."""

    id = IdField(metadata={"description": "The customer's stable id."})
    identity = IdentityField(metadata={"description": "Such as email:ana@example.com."})

    @validates_schema
    def _one_name(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError(_ONE_NAME)


class LinkSchema(Strict):
    """An identity that is the customer's."""

    identity = IdentityField(
        required=True, metadata={"description": "namespace:value, such as email:ana@example.com."}
    )


class SharedSchema(Strict):
    """The identities set apart because too many customers share them."""

    identities = fields.List(fields.String(), required=True)


_decoder = msgspec.json.Decoder(LinkBody)
_schema = LinkSchema()


def check_identity(text: str | None) -> str:
    """The identity a query asks for. Raises InvalidRequest."""
    try:
        return msgspec.convert(text, Identity)
    except msgspec.ValidationError:
        detail = (
            f"must be given as ?identity=namespace:value, at most {MAX_IDENTITY} characters "
            "long, none of them a control character"
        )
        raise InvalidRequest([Problem("/identity", detail)]) from None


def read_link(body: bytes) -> LinkBody:
    """The identity as sent. Raises Malformed or InvalidRequest."""
    return read(body, LinkBody, _decoder, _schema)
