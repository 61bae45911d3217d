"""Reading a request body: bytes to a typed struct, or every fault with a pointer to it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec
from marshmallow import Schema

from engine.errors import InvalidRequest, Malformed, Problem, TooLarge
from engine.wire.problems import pointer_to, problems
from engine.wire.values import in_our_words

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MOST_SEARCHED = 2_000
"""So many values of a body that is not in order are looked at one by one: to say what is wrong
with each takes 15 us, with very many 100, so that a MiB of them kept a worker for 38 s."""

_MOST_BYTES = 64 * 1024
"""So large a body may be for the value in it that is none to be looked for: of a MiB it takes half
a second, and how many bytes come before it is said anyway."""

_NO_NUMBER = object()
_LONE = re.compile("[\ud800-\udfff]")
"""Half a character: an escape that JSON lets stand alone, or what stands for a byte not UTF-8."""

T = TypeVar("T")


def too_large(most: int) -> TooLarge:
    """The refusal of a body of more than `most` bytes."""
    return TooLarge(f"the body is over {most:,} bytes: send it in smaller ones")


def whole(body: bytes) -> bytes:
    """The body, unless it is larger than we take. Raises TooLarge."""
    if len(body) > MAX_BYTES:
        raise too_large(MAX_BYTES)
    return body


def read(
    body: bytes,
    shape: type[T],
    decoder: msgspec.json.Decoder[T],
    schema: Schema,
    most: int = MOST_SEARCHED,
) -> T:
    """The body as `shape`. Raises Malformed for what is no JSON, InvalidRequest for the fields:
    for each of them, if there are no more values than `most`; where that is 0, for the first."""
    searched = None
    try:
        found = decoder.decode(body)
        if b"\\u0000" not in body:
            return found
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if not most and isinstance(error, msgspec.ValidationError):
            raise InvalidRequest([first_fault(error)]) from None
        searched = most  # said better below
    return check(parse(body, searched), shape, schema)


def first_fault(error: msgspec.DecodeError) -> Problem:
    """What msgspec says, in our words."""
    where = str(error).partition(" - at `$")[2]
    return Problem(where.strip("`").replace(".", "/"), in_our_words(error))


def read_once(body: bytes, shape: type[T], decoder: msgspec.json.Decoder[T], schema: Schema) -> T:
    """As `read`, and InvalidRequest for a name that an object says twice: JSON leaves open which
    counts, and a consent may hang on it. It takes several times as long, so hot paths do not."""
    found = read(body, shape, decoder, schema)
    check_once(body)
    return found


def check_once(body: bytes) -> None:
    """Raises InvalidRequest for a name that an object of well-formed JSON says twice."""
    json.loads(body, object_pairs_hook=_said_once)


def once(*names: str) -> Mapping[str, bytes]:
    """Names that an object may say once, each as its bytes have it, for `said_twice`."""
    return {name: b'"%b"' % name.encode() for name in names}


def said_twice(body: bytes, names: Mapping[str, bytes]) -> str:
    """Which of these names the object in a JSON text says twice, not those inside it; empty for
    none. Of one nested too deep to see it may be any. Nothing is taken apart where the bytes say
    that none can be."""
    if max(map(body.count, names.values())) < 2 and b"\\u00" not in body:
        return ""
    try:
        text = body.decode(errors="replace")
        pairs = json.loads(text, object_pairs_hook=tuple, parse_int=str)
    except ValueError:
        return ""  # whoever reads it says what is wrong
    except RecursionError:
        return next(iter(names))
    said = Counter(name for name, _ in pairs) if isinstance(pairs, tuple) else Counter[str]()
    return next((one for one in names if said[one] > 1), "")


def check(document: object, shape: type[T], schema: Schema) -> T:
    """An already parsed document as `shape`. Raises InvalidRequest naming each field."""
    if not isinstance(document, dict):
        raise InvalidRequest([Problem("", "must be an object")])
    found = problems(schema, schema.validate(document))
    if found:
        raise InvalidRequest(found)
    return msgspec.convert(document, shape)


def parse(body: bytes, most: int | None = None) -> object:
    """The body as plain JSON values: strict UTF-8, finite numbers, no NUL, limited nesting.

    InvalidRequest, too, where it is said how many there may be at `most`.
    """
    try:
        document = msgspec.json.decode(body)
    except RecursionError:
        raise Malformed(f"nested deeper than {MAX_DEPTH} levels") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if len(body) <= _MOST_BYTES:
            _check_values(body)
        raise Malformed(_not_utf8(body) or f"not valid JSON: {error}") from None
    if most is not None:
        _check_crowd(document, most)
    inspect(document)
    return document


def _check_values(body: bytes) -> None:
    """Names the first number or text that none of us could hold, if that is what is wrong."""
    try:
        document = json.loads(
            body.decode(errors="surrogateescape"),
            parse_constant=_number,
            parse_float=_number,
            parse_int=_number,
        )
    except (ValueError, RecursionError):
        return
    level: list[tuple[str, object]] = [("", document)]
    while level:
        for pointer, node in level:
            if node is _NO_NUMBER:
                raise Malformed("must be a finite number of at most 4,300 digits", pointer)
            if isinstance(node, str) and _LONE.search(node):
                raise Malformed("must be valid UTF-8", _LONE.sub("\ufffd", pointer))
        level = [inner for pointer, node in level for inner in _inside(pointer, node)]


def _not_utf8(body: bytes) -> str:
    """Where a body is no UTF-8, counted from its start; empty if it is."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"not valid UTF-8: {error.reason} (byte {error.start})"
    return ""


def _number(text: str) -> object:
    """A number of the document as Python holds it, to whom NaN and Infinity are numbers."""
    try:
        return int(text) if text.lstrip("-").isdigit() else _finite(float(text))
    except ValueError:  # more digits than Python reads
        return _NO_NUMBER


def _finite(number: float) -> object:
    return number if math.isfinite(number) else _NO_NUMBER


def _check_crowd(document: object, most: int) -> None:
    """Names the first list or object, from the outside in, with which there are more values."""
    room, waiting = most, deque([("", document)])
    while waiting:
        pointer, node = waiting.popleft()
        if not isinstance(node, (dict, list)):
            continue
        room -= len(node)
        if room < 0:
            what = f"something is wrong, and looked for among {most:,} values at most"
            raise InvalidRequest([Problem(pointer, f"holds too many values: {what}")])
        waiting.extend(_inside(pointer, node))


def inspect(document: object) -> None:
    """Refuse what JSON allows and we do not, or a file says and JSON cannot: InvalidRequest for NUL
    characters and what is no finite number, Malformed for deep nesting."""
    level: list[tuple[str, object]] = [("", document)]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return
        for pointer, node in level:
            if isinstance(node, str) and "\0" in node:
                raise InvalidRequest([Problem(pointer, "must hold no NUL character")])
            if isinstance(node, float) and not math.isfinite(node):
                raise InvalidRequest([Problem(pointer, "must be a finite number")])
        level = [inner for pointer, node in level for inner in _inside(pointer, node)]
    raise Malformed(f"nested deeper than {MAX_DEPTH} levels")


def _said_once(pairs: list[tuple[str, object]]) -> None:
    ((name, times),) = Counter(name for name, _ in pairs).most_common(1) or [("", 0)]
    if times > 1:
        raise InvalidRequest([Problem("", f"says {name!r} more than once")])


def _inside(pointer: str, node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, dict):
        for key, value in node.items():
            here = pointer + pointer_to(key)
            yield here, key
            yield here, value
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield f"{pointer}/{index}", value
