"""Errors as RFC 9457 problem documents, each fault with a JSON pointer (RFC 6901) to its field."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from marshmallow import Schema, fields
from msgspec import Struct

from engine.errors import (
    ArchiveUnusable,
    BodyMismatch,
    Contention,
    CustomerFull,
    IdentityShared,
    InvalidRequest,
    Malformed,
    NotFound,
    NotLetIn,
    Problem,
    StateUnknown,
    StoreUnavailable,
    TellerError,
    TooLarge,
)
from engine.spelling import meant

CONTENT_TYPE = "application/problem+json"
UNKNOWN = "unknown field"
_LONGEST_STEP = 200

STATUS: tuple[tuple[type[TellerError], int, str], ...] = (
    (TooLarge, 413, "too-large"),
    (Malformed, 400, "malformed"),
    (BodyMismatch, 409, "body-mismatch"),
    (NotLetIn, 409, "not-let-in"),
    (IdentityShared, 409, "identity-shared"),
    (CustomerFull, 409, "customer-full"),
    (InvalidRequest, 422, "invalid-request"),
    (NotFound, 404, "not-found"),
    (StoreUnavailable, 503, "store-unavailable"),
    (StateUnknown, 503, "state-unknown"),
    (Contention, 503, "contention"),
    (ArchiveUnusable, 503, "archive-unusable"),
)


def answer_to(error: TellerError) -> tuple[int, str] | None:
    """The status and code an error is answered with; None for one nobody should ever see."""
    return next(((status, code) for kind, status, code in STATUS if isinstance(error, kind)), None)


class FieldProblem(Struct, frozen=True):
    """One fault: where in the request, and what."""

    pointer: str
    detail: str


class ProblemDocument(Struct, frozen=True, rename={"request_id": "requestId"}):
    """The body of every reply that is an error. `message` repeats `detail` for Segment's SDKs."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    message: str
    request_id: str
    errors: list[FieldProblem] = []


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    instance: str,
    request_id: str,
    errors: Sequence[Problem] = (),
) -> bytes:
    """A problem document as JSON; `code` is stable and names its page in the documentation."""
    listed = [FieldProblem(error.pointer, error.detail) for error in errors]
    return msgspec.json.encode(
        ProblemDocument(
            f"/docs/api#{code}",
            code.replace("-", " ").capitalize(),
            status,
            detail,
            instance,
            code,
            detail,
            request_id,
            listed,
        )
    )


def problems(schema: Schema, errors: Mapping[Any, Any]) -> list[Problem]:
    """What marshmallow found wrong, as pointers and sentences."""
    return list(_walk(schema, errors, ""))


def nearest(name: str, names: Collection[str]) -> str:
    """A hint with the closest of `names`, or nothing."""
    return meant(name, names, "; ", repr)


def pointer_to(*path: str | int) -> str:
    """The JSON pointer of a path of keys and indices."""
    return "".join(
        "/" + str(step)[:_LONGEST_STEP].replace("~", "~0").replace("/", "~1") for step in path
    )


def _walk(schema: Schema | None, errors: Mapping[Any, Any], at: str) -> Iterator[Problem]:
    for key, found in errors.items():
        here = at if key == "_schema" else at + pointer_to(key)
        if isinstance(found, Mapping):
            yield from _walk(_below(schema, key), found, here)
            continue
        for text in found:
            hint = nearest(str(key), schema.fields) if schema and text == UNKNOWN else ""
            yield Problem(here, text + hint)


def _below(schema: Schema | None, key: object) -> Schema | None:
    """The schema that speaks for a key: a nested one, its items', or this one for an index."""
    field = schema.fields.get(str(key)) if schema else None
    if isinstance(field, fields.List):
        field = field.inner
    if isinstance(field, fields.Nested):
        nested: Schema = field.schema
        return nested
    return schema if isinstance(key, int) else None
