"""Reading a request body: bytes to a typed struct, or every fault with a pointer to it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TypeVar

import msgspec
from marshmallow import Schema

from engine.errors import InvalidRequest, Malformed, Problem, TooLarge
from engine.wire.problems import pointer_to, problems

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
_NO_NUMBER = object()

T = TypeVar("T")


def too_large(most: int) -> TooLarge:
    """The refusal of a body of more than `most` bytes."""
    return TooLarge(f"the body is over {most:,} bytes: send it in smaller ones")


def whole(body: bytes) -> bytes:
    """The body, unless it is larger than we take. Raises TooLarge."""
    if len(body) > MAX_BYTES:
        raise too_large(MAX_BYTES)
    return body


def read(body: bytes, shape: type[T], decoder: msgspec.json.Decoder[T], schema: Schema) -> T:
    """The body as `shape`. Raises Malformed for what is no JSON, InvalidRequest for the fields."""
    if b"\\u0000" not in body:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # said better below
    return check(parse(body), shape, schema)


def check(document: object, shape: type[T], schema: Schema) -> T:
    """An already parsed document as `shape`. Raises InvalidRequest naming each field."""
    if not isinstance(document, dict):
        raise InvalidRequest([Problem("", "must be an object")])
    found = problems(schema, schema.validate(document))
    if found:
        raise InvalidRequest(found)
    return msgspec.convert(document, shape)


def parse(body: bytes) -> object:
    """The body as plain JSON values: strict UTF-8, finite numbers, no NUL, limited nesting."""
    try:
        document = msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        raise Malformed(f"invalid UTF-8: {error}") from None
    except RecursionError:
        raise Malformed(f"nested deeper than {MAX_DEPTH} levels") from None
    except msgspec.DecodeError as error:
        _check_numbers(body)
        raise Malformed(f"not valid JSON: {error}") from None
    inspect(document)
    return document


def _check_numbers(body: bytes) -> None:
    """Names the first number that none of us could hold, if that is what is wrong."""
    try:
        document = json.loads(
            body.decode(), parse_constant=_number, parse_float=_number, parse_int=_number
        )
    except (ValueError, RecursionError):
        return
    level: list[tuple[str, object]] = [("", document)]
    while level:
        for pointer, node in level:
            if node is _NO_NUMBER:
                raise Malformed("must be a finite number of at most 4,300 digits", pointer)
        level = [inner for pointer, node in level for inner in _inside(pointer, node)]


def _number(text: str) -> object:
    """A number of the document as Python holds it, to whom NaN and Infinity are numbers."""
    try:
        return int(text) if text.lstrip("-").isdigit() else _finite(float(text))
    except ValueError:  # more digits than Python reads
        return _NO_NUMBER


def _finite(number: float) -> object:
    return number if math.isfinite(number) else _NO_NUMBER


def inspect(document: object) -> None:
    """Refuse what JSON allows and we do not: InvalidRequest for NUL characters, Malformed for deep
    nesting."""
    level: list[tuple[str, object]] = [("", document)]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return
        for pointer, node in level:
            if isinstance(node, str) and "\0" in node:
                raise InvalidRequest([Problem(pointer, "must hold no NUL character")])
        level = [inner for pointer, node in level for inner in _inside(pointer, node)]
    raise Malformed(f"nested deeper than {MAX_DEPTH} levels")


def _inside(pointer: str, node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, dict):
        for key, value in node.items():
            here = pointer + pointer_to(key)
            yield here, key
            yield here, value
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield f"{pointer}/{index}", value
