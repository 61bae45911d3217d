"""Content with places to fill in: Jinja's sandbox, read at load, rendered at decision time.

A text is a template when it holds `{{`, `{%` or `{#`. It may look at `customer.x`,
`context.x`, `segment.x`, `table.x` and `now`, and at nothing else: no files, no globals,
no chance. The outcome is plain text; escaping belongs to whoever makes HTML of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import jinja2
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from engine.catalogue.pieces import Place, joined, pieces_of
from engine.catalogue.sandbox import MOMENT, environment
from engine.domain import Value
from engine.errors import TellerError

Shown = Value | datetime | timedelta | None

ROOTS = ("customer", "context", "segment", "table")
NAMES = frozenset({*ROOTS, "now"})
_MARKED = re.compile(r"\{[{%#]")
_EXPRESSION = re.compile(r"\{\{[^{}]*\}\}")
_ADDRESS = re.compile(r"(object|function).{0,80}at( |%20)0x[0-9a-f]{6}", re.IGNORECASE)
_NEST = 2
_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)
_UNENDING = (nodes.Macro, nodes.CallBlock)
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


class TemplateFault(NamedTuple):
    """One thing wrong with a template; where `name` stands for nothing, `known` are the choices."""

    what: str
    name: str = ""
    known: frozenset[str] = frozenset()


class Use(NamedTuple):
    """`root.name` looked at by a template; `needed` when no default stands in for it."""

    root: str
    name: str
    needed: bool


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
        faults = [*_faults(tree)] or [*_strangers(tree)]
    except jinja2.TemplateSyntaxError as error:
        return [TemplateFault(error.message or "this is not a template")]
    except RecursionError:
        return [TemplateFault("this is nested too deeply")]
    except _FAILURES as error:
        return [TemplateFault(f"this cannot be read: {error}")]
    return faults or tuple(_uses(tree, guarded=False))


def _strangers(tree: nodes.Template) -> Iterator[TemplateFault]:
    for name in sorted(find_undeclared_variables(tree) - NAMES):
        yield TemplateFault(f"a template knows no `{name}`", name, NAMES)


def _faults(tree: nodes.Template) -> Iterator[TemplateFault]:
    for filter in tree.find_all(nodes.Filter):
        if filter.name not in _ENVIRONMENT.filters:
            yield _no("filter", filter.name, _ENVIRONMENT.filters)
    for test in tree.find_all(nodes.Test):
        if test.name not in _ENVIRONMENT.tests:
            yield _no("test", test.name, _ENVIRONMENT.tests)
    if next(tree.find_all(_ELSEWHERE), None):
        yield TemplateFault("a template stands alone: no include, import or block")
    yield from _labours(tree)
    yield from _oddities(tree)


def _labours(tree: nodes.Template) -> Iterator[TemplateFault]:
    """What could go on for ever, or nearly."""
    if next(tree.find_all(_UNENDING), None) or any(f.recursive for f in tree.find_all(nodes.For)):
        yield TemplateFault("a template calls nothing of its own: no macro, call or recursive loop")
    if next(tree.find_all(nodes.Pow), None):
        yield TemplateFault("a template raises nothing to a power: no `**`")
    if _depth(tree) > _NEST:
        yield TemplateFault(f"loops stand within each other at most {_NEST} deep")


def _depth(node: nodes.Node) -> int:
    below = max(map(_depth, node.iter_child_nodes()), default=0)
    return below + isinstance(node, nodes.For)


def _oddities(tree: nodes.Template) -> Iterator[TemplateFault]:
    """What would fail, or differ, at each rendering."""
    for asked in tree.find_all(nodes.Getattr):
        match asked:
            case nodes.Getattr(node=nodes.Name(name="now"), attr=name) if name not in MOMENT:
                yield TemplateFault(f"`now` has no `{name}`", name, MOMENT)
    if any(_is_half(text.value) for text in tree.find_all(nodes.Const)):
        yield TemplateFault("half of a surrogate pair is no character")


def _is_half(value: object) -> bool:
    return isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value)


def _no(kind: str, name: str, known: Iterable[str]) -> TemplateFault:
    return TemplateFault(f"there is no {kind} `{name}`", name, frozenset(known))


def _uses(node: nodes.Node, *, guarded: bool) -> Iterator[Use]:
    """Every `root.name` in `node`, with whether a default or `is defined` stands around it."""
    if isinstance(node, nodes.Name):
        if node.name in ROOTS and node.ctx == "load":
            yield Use(node.name, "", True)
        return
    looked = _looked(node)
    if looked:
        yield Use(*looked, not guarded)
        return
    forgiving = _forgives(node)
    for child in node.iter_child_nodes():
        yield from _uses(child, guarded=forgiving and child is _subject(node))


def _looked(node: nodes.Node) -> tuple[str, str] | None:
    match node:
        case nodes.Getattr(node=nodes.Name(name=root), attr=name) if root in ROOTS:
            return root, name
        case nodes.Getitem(node=nodes.Name(name=root), arg=nodes.Const(value=str(name))) if (
            root in ROOTS
        ):
            return root, name
    return None


def _forgives(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name in {"default", "d"}
    return isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}


def _subject(node: nodes.Node) -> nodes.Node | None:
    return node.node if isinstance(node, (nodes.Filter, nodes.Test)) else None


def needed(texts: Iterable[Text]) -> list[tuple[str, str]]:
    """What must be known for `texts` to be rendered, sorted."""
    return sorted({(use.root, use.name) for text in texts for use in text.uses if use.needed})
