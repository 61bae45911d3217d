"""YAML text to plain values that remember their lines. Knows nothing of catalogues.

One document a file, without tags, of bounded size and depth; aliases are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

from engine.catalogue.scalars import NotANumber, plain
from engine.catalogue.source import Document, NotReadable, not_readable, text_of
from engine.errors import Fault

_DEEPEST = 40
_LARGEST = 2_000_000  # values in a file once its aliases are written out


def read_yaml(file: str, data: bytes) -> Document:
    """The one document of a YAML file. Raises NotReadable."""
    builder = _Builder(file)
    try:
        parser = CParser(text_of(file, data))
        while (event := parser.get_event()) is not None:
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise not_readable(file, mark.line if mark else 0, f"{error.problem or error}") from error
    except yaml.reader.ReaderError as error:
        line = data[: error.position].count(b"\n")
        raise not_readable(
            file, line, f"a character YAML does not allow: {error.reason}"
        ) from error
    return builder.document


def _line(event: Event) -> int:
    return event.start_mark.line if event.start_mark else 0


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
            raise not_readable(self.document.file, line, f"more than {_LARGEST} values in a file")
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
            raise not_readable(self.document.file, line, "a key that is not text")
        if key in frame.lines:
            first = frame.lines[key] + 1
            self._fault(line, f"`{key}` is given twice", f"first on line {first}")
        frame.key = key
        frame.lines[key] = line

    def _plain(self, text: str, line: int) -> Any:
        """The value of an unquoted scalar; 0, with a fault, for a number that is none."""
        try:
            return plain(text)
        except NotANumber as refused:
            self._fault(line, refused.what, refused.hint)
            return 0

    def _check_tag(self, event: ScalarEvent | CollectionStartEvent) -> None:
        tag = event.tag
        if tag not in {None, "!"}:
            raise self._stop(event, f"the tag {tag}", "tags are not supported: leave it out")

    def _fault(self, line: int, what: str, hint: str = "") -> None:
        self.document.faults.append(Fault(self.document.file, line + 1, what, hint))

    def _stop(self, event: Event, what: str, hint: str = "") -> NotReadable:
        return not_readable(self.document.file, _line(event), what, hint)

    def _too_deep(self, line: int) -> NotReadable:
        return not_readable(self.document.file, line, f"nested more than {_DEEPEST} deep")
