"""What a template's syntax tree says: all that is wrong with it, and what it looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import jinja2
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from engine.catalogue.sandbox import MOMENT

ROOTS = ("customer", "context", "segment", "table")
NAMES = frozenset({*ROOTS, "now"})
_NEST = 2
_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)
_UNENDING = (nodes.Macro, nodes.CallBlock)


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


def faults_of(tree: nodes.Template, environment: jinja2.Environment) -> list[TemplateFault]:
    """All that is wrong with a template read in that environment. Names nobody
    knows are sought only in a tree without other faults: Jinja compiles it for that."""
    return [*_faults(tree, environment)] or [*_strangers(tree)]


def uses_of(tree: nodes.Template) -> tuple[Use, ...]:
    """All that a template looks at, in its order."""
    return tuple(_uses(tree, guarded=False))


def _strangers(tree: nodes.Template) -> Iterator[TemplateFault]:
    for name in sorted(find_undeclared_variables(tree) - NAMES):
        yield TemplateFault(f"a template knows no `{name}`", name, NAMES)


def _faults(tree: nodes.Template, environment: jinja2.Environment) -> Iterator[TemplateFault]:
    for filter in tree.find_all(nodes.Filter):
        if filter.name not in environment.filters:
            yield _no("filter", filter.name, environment.filters)
    for test in tree.find_all(nodes.Test):
        if test.name not in environment.tests:
            yield _no("test", test.name, environment.tests)
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
