"""YAML and CSV text to plain values that remember their lines. Knows nothing of catalogues.

YAML 1.2's core schema: `no`, `off` and `21:00` are text, and so is every timestamp.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from engine.errors import Fault

Path = tuple[str | int, ...]

_DEEPEST = 40
_LARGEST = 2_000_000  # values in a file once its aliases are written out

_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC = frozenset("0123456789+-.")


class NotReadable(Exception):
    """A file that is not YAML or CSV at all; carries the one fault that says so."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


@dataclass(slots=True)
class Document:
    """A file's content as dicts, lists and scalars, and where each of them stands.

    `lines` maps the id() of a container to the 0-based line of each of its keys or items.
    `faults` are those that leave the file readable, such as a key given twice.
    """

    file: str
    value: Any = None
    lines: dict[int, dict[Any, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The 1-based line of what `path` leads to, or of the nearest that exists above it."""
        value, found = self.value, 0
        for step in path:
            lines = self.lines.get(id(value), {})
            if step not in lines:
                break
            found, value = lines[step], value[step]
        return found + 1


def read_yaml(file: str, data: bytes) -> Document:
    """The one document of a YAML file. Raises NotReadable."""
    builder = _Builder(file)
    try:
        parser = CParser(_text(file, data))
        while (event := parser.get_event()) is not None:
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _not_readable(file, mark.line if mark else 0, f"{error.problem or error}") from error
    except yaml.reader.ReaderError as error:
        line = data[: error.position].count(b"\n")
        raise _not_readable(
            file, line, f"a character YAML does not allow: {error.reason}"
        ) from error
    return builder.document


def read_csv(file: str, data: bytes) -> Document:
    """The rows of a CSV file as lists of text, blank lines left out. Raises NotReadable."""
    document = Document(file, [])
    reader = csv.reader(_text(file, data).splitlines(keepends=True), strict=True)
    lines = document.lines[id(document.value)] = {}
    try:
        for row in reader:
            if row:
                lines[len(document.value)] = reader.line_num - 1
                document.value.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise _not_readable(file, max(reader.line_num - 1, 0), f"not a CSV row: {error}") from error
    return document


def _line(event: Event) -> int:
    return event.start_mark.line if event.start_mark else 0


def _text(file: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n")
        raise _not_readable(file, line, "not UTF-8 text", "save the file as UTF-8") from error


def _not_readable(file: str, line: int, what: str, hint: str = "") -> NotReadable:
    return NotReadable(Fault(file, line + 1, what, hint))


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    container: Any
    lines: dict[Any, int]
    line: int
    anchor: str | None
    first: int
    key: str | None = None
    height: int = 0


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Any
    size: int
    height: int


class _Builder:
    """Makes values of events, without recursion, so that nothing deep or circular can hurt."""

    def __init__(self, file: str) -> None:
        self.document = Document(file)
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._size = 0
        self._documents = 0
        self._handlers: Mapping[type[Event], Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: lambda event: self._start(event, {}),
            SequenceStartEvent: lambda event: self._start(event, []),
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document,
        }

    def take(self, event: Event) -> None:
        handler = self._handlers.get(type(event))
        if handler:
            handler(event)

    def _document(self, event: Event) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._stop(event, "a second YAML document", "one document a file: split it")

    def _scalar(self, event: ScalarEvent) -> None:
        line = _line(event)
        if event.tag is not None or event.anchor is not None:
            self._check_tag(event)
        value: Any = event.value
        frame = self._stack[-1] if self._stack else None
        is_key = frame is not None and frame.key is None and type(frame.container) is dict
        if event.implicit[0] and not is_key:
            value = self._plain(value, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)
        self._put(value, line, 1, 0)

    def _start(self, event: CollectionStartEvent, container: Any) -> None:
        self._check_tag(event)
        line = _line(event)
        if self._stack and type(self._stack[-1].container) is dict and self._stack[-1].key is None:
            raise self._stop(
                event, "a mapping or list where a key should be", "keys are plain text"
            )
        if len(self._stack) >= _DEEPEST:
            raise self._too_deep(line)
        lines: dict[Any, int] = {}
        self.document.lines[id(container)] = lines
        self._stack.append(_Open(container, lines, line, event.anchor, self._size))

    def _end(self, _event: Event) -> None:
        frame = self._stack.pop()
        size = self._size - frame.first + 1
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.container, size, frame.height)
        self._put(frame.container, frame.line, 1, frame.height)

    def _alias(self, event: AliasEvent) -> None:
        anchored = self._anchors.get(event.anchor or "")
        if anchored is None:
            raise self._stop(event, f"*{event.anchor} stands for nothing defined before it")
        self._put(anchored.value, _line(event), anchored.size, anchored.height)

    def _put(self, value: Any, line: int, size: int, height: int) -> None:
        self._size += size
        if self._size > _LARGEST:
            raise _not_readable(self.document.file, line, f"more than {_LARGEST} values in a file")
        if not self._stack:
            self.document.value = value
            return
        frame = self._stack[-1]
        frame.height = max(frame.height, height + 1)
        if frame.height + len(self._stack) > _DEEPEST:
            raise self._too_deep(line)
        if type(frame.container) is list:
            frame.lines[len(frame.container)] = line
            frame.container.append(value)
        elif frame.key is None:
            self._key(frame, value, line)
        else:
            frame.container[frame.key] = value
            frame.key = None

    def _key(self, frame: _Open, key: Any, line: int) -> None:
        if not isinstance(key, str):
            raise _not_readable(self.document.file, line, "a key that is not text")
        if key in frame.lines:
            first = frame.lines[key] + 1
            self._fault(line, f"`{key}` is given twice", f"first on line {first}")
        frame.key = key
        frame.lines[key] = line

    def _plain(self, text: str, line: int) -> Any:
        """The value of an unquoted scalar."""
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMERIC:
            return text
        if _INT.match(text):
            return self._integer(text, line)
        if _FLOAT.match(text):
            return self._finite(float(text), text, line)
        if _NOT_FINITE.match(text):
            return self._finite(math.inf, text, line)
        return text

    def _integer(self, text: str, line: int) -> int | float:
        """The number; the nearest double of one beyond 64 bits, as of one that comes in JSON."""
        digits = text.lstrip("+-")
        base = {"0o": 8, "0x": 16}.get(digits[:2], 10)
        number = int(text, base) if len(text) <= 24 else 2**64
        if -(2**63) <= number < 2**63:
            return number
        if base == 10:
            return self._finite(float(text), text, line)
        self._fault(line, f"{text[:30]} is beyond 64 bits", "quote it if it is text")
        return 0

    def _finite(self, number: float, text: str, line: int) -> float:
        if not math.isfinite(number):
            self._fault(line, f"{text[:30]} is not a finite number")
            return 0.0
        return number

    def _check_tag(self, event: ScalarEvent | CollectionStartEvent) -> None:
        tag = event.tag
        if tag not in {None, "!"}:
            raise self._stop(event, f"the tag {tag}", "tags are not supported: leave it out")

    def _fault(self, line: int, what: str, hint: str = "") -> None:
        self.document.faults.append(Fault(self.document.file, line + 1, what, hint))

    def _stop(self, event: Event, what: str, hint: str = "") -> NotReadable:
        return _not_readable(self.document.file, _line(event), what, hint)

    def _too_deep(self, line: int) -> NotReadable:
        return _not_readable(self.document.file, line, f"nested more than {_DEEPEST} deep")
