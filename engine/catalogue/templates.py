"""Content with places to fill in: Jinja's sandbox, read at load, rendered at decision time.

A text is a template when it holds `{{`, `{%` or `{#`. It may look at `customer.x`,
`context.x`, `segment.x`, `table.x` and `now`, and at nothing else: no files, no globals,
no chance. The outcome is plain text; escaping belongs to whoever makes HTML of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import jinja2

from engine.catalogue.pieces import Place, joined, pieces_of
from engine.catalogue.sandbox import environment
from engine.catalogue.template_trees import TemplateFault, Use, faults_of, uses_of
from engine.domain import Value
from engine.errors import TellerError

Shown = Value | datetime | timedelta | None

_MARKED = re.compile(r"\{[{%#]")
_EXPRESSION = re.compile(r"\{\{[^{}]*\}\}")
_ADDRESS = re.compile(r"(object|function).{0,80}at( |%20)0x[0-9a-f]{6}", re.IGNORECASE)
_FAILURES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)


_ENVIRONMENT = environment()


class RenderFailed(TellerError):
    """A template could not be filled in for this customer; its action is kept out."""


class Looked:
    """What a template sees behind `customer.`: values by name, and none of a dict's methods.

    `read` gives a value only when it is asked for: a template looks at few of them.
    """

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[str], Shown]) -> None:
        self._read = read

    def __getitem__(self, name: str) -> Any:
        value = self._read(name)
        if value is None:
            raise KeyError(name)
        return value


@dataclass(frozen=True)
class Text:
    """One template. Turned into code when first rendered: most of a large catalogue never is."""

    source: str
    uses: tuple[Use, ...]

    @cached_property
    def _template(self) -> jinja2.Template:
        return _ENVIRONMENT.from_string(_ENVIRONMENT.tame(self.source))

    @cached_property
    def _pieces(self) -> Sequence[str | Place] | None:
        return pieces_of(_ENVIRONMENT.parse(self.source))

    def render(self, names: Mapping[str, Any]) -> str:
        """The text filled in. Raises RenderFailed."""
        try:
            pieces = self._pieces
            text = None if pieces is None else joined(pieces, names)
            if text is None:
                text = self._template.render(names)
            text.encode()
        except _FAILURES as error:
            raise RenderFailed(f"{self.source[:60]!r}: {error}") from error
        if _ADDRESS.search(text):  # of a method or generator: another one each time
            raise RenderFailed(f"{self.source[:60]!r}: this is no text, but something to call")
        return text


class Texts:
    """The templates of one catalogue; those that differ in plain text alone are read once."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Use, ...] | list[TemplateFault]] = {}

    def read(self, source: str) -> Text | list[TemplateFault]:
        """The template that `source` is, or all that is wrong with it."""
        skeleton = _skeleton(source)
        if skeleton not in self._read:
            self._read[skeleton] = _read(skeleton)
        read = self._read[skeleton]
        return read if isinstance(read, list) else Text(source, read)


def is_template(text: str) -> bool:
    """Whether anything in `text` is to be filled in."""
    return _MARKED.search(text) is not None


def _skeleton(source: str) -> str:
    """The template without its plain text, where that is certain to mean the same.

    That is, where the only braces are those around expressions: then no text can begin or
    end anything.
    """
    plain = _EXPRESSION.sub("", source)
    if "{" in plain or "}" in plain:
        return source
    return "".join(_EXPRESSION.findall(source))


def _read(source: str) -> tuple[Use, ...] | list[TemplateFault]:
    try:
        tree = _ENVIRONMENT.parse(source)
        faults = faults_of(tree, _ENVIRONMENT)
    except jinja2.TemplateSyntaxError as error:
        return [TemplateFault(error.message or "this is not a template")]
    except RecursionError:
        return [TemplateFault("this is nested too deeply")]
    except _FAILURES as error:
        return [TemplateFault(f"this cannot be read: {error}")]
    return faults or uses_of(tree)


def needed(texts: Iterable[Text]) -> list[tuple[str, str]]:
    """What must be known for `texts` to be rendered, sorted."""
    return sorted({(use.root, use.name) for text in texts for use in text.uses if use.needed})
