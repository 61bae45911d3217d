"""Naming a customer: by id or by an identity; linking one; the identities set apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from marshmallow import ValidationError, fields, validates_schema
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.errors import InvalidRequest, Problem
from engine.wire.body import read_once
from engine.wire.fields import IdField, Strict, TextField
from engine.wire.values import MAX_ID, check_id

# What can stand in a path as itself. Routing reads bytes that are not UTF-8 as U+FFFD, and so
# the paths of two customers as one.
_NAMEABLE = r"\A(?!\.{1,2}\Z)[^/\ufffd\x00-\x1f\x7f-\x9f]+\Z"
_NOT_NAMEABLE = (
    "must be UTF-8, without / and U+FFFD, and neither . nor ..: it names the customer in URLs"
)
MAX_IDENTITY = 320  # an e-mail address has at most 254 characters (RFC 5321)
_NAMESPACED = r"\A[^:\x00-\x1f\x7f-\x9f]+:[^\x00-\x1f\x7f-\x9f]+\Z"
_ONE_NAME = "must name the customer by id or by identity, and only by one of them"

CustomerId = Annotated[str, Meta(min_length=1, max_length=MAX_ID, pattern=_NAMEABLE)]
Identity = Annotated[str, Meta(max_length=MAX_IDENTITY, pattern=_NAMESPACED)]


class CustomerBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who it is about: `id` or `identity`, and only one of them."""

    id: CustomerId | UnsetType = UNSET
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


def _check_nameable(text: str) -> None:
    if "/" in text or "\ufffd" in text or text in (".", ".."):
        raise ValidationError(_NOT_NAMEABLE)


def _check_namespaced(text: str) -> None:
    if not re.search(_NAMESPACED, text):
        raise ValidationError("must be namespace:value, such as email:ana@example.com")


class CustomerIdField(IdField):
    """An id that can stand in a path: without `/` and U+FFFD, neither `.` nor `..`."""

    def __init__(self, metadata: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(metadata={**(metadata or {}), "pattern": _NAMEABLE}, **options)
        self.validators.append(_check_nameable)


class IdentityField(TextField):
    """`namespace:value`, 1 to 320 characters, none of them a control character."""

    def __init__(self, metadata: Mapping[str, Any] | None = None, **options: Any) -> None:
        told = {**(metadata or {}), "pattern": _NAMESPACED}
        super().__init__(MAX_IDENTITY, metadata=told, **options)
        self.validators.append(_check_namespaced)


class CustomerSchema(Strict):
    """Who it is about: `id` or `identity`, and only one of them."""

    id = CustomerIdField(metadata={"description": "The customer's stable id."})
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


def check_customer_id(text: str, what: str) -> str:
    """A customer's id sent outside a body. Raises InvalidRequest, which calls it `what`."""
    try:
        _check_nameable(check_id(text, what))
    except ValidationError:
        raise InvalidRequest([Problem("", f"{what} {_NOT_NAMEABLE}")]) from None
    return text


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
    return read_once(body, LinkBody, _decoder, _schema)
