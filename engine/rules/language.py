"""Condition text, a strict subset of the Common Expression Language, to a checked tree.

`check` is the way in. docs/conditions.md is the language for authors, with the list of
where it differs from CEL.
"""

from __future__ import annotations

from engine.rules.checker import Checker
from engine.rules.emit import constant
from engine.rules.faults import LanguageFault, LanguageFaults
from engine.rules.scope import Attribute, Condition, Scope
from engine.rules.syntax import parse
from engine.rules.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    NUMBERS,
    STRING,
    TIMESTAMP,
    Node,
    Type,
    list_of,
    parse_type,
)

__all__ = [
    "BOOL",
    "DOUBLE",
    "DURATION",
    "INT",
    "STRING",
    "TIMESTAMP",
    "Attribute",
    "Condition",
    "LanguageFault",
    "LanguageFaults",
    "Node",
    "Scope",
    "Type",
    "check",
    "list_of",
    "parse_type",
]


def check(text: str, scope: Scope, expect: Type | None = BOOL) -> Condition:
    """The condition `text` says, every name and type in it checked against `scope`.

    `expect` is the type it must have; DOUBLE takes an int too, None takes any type.
    Raises LanguageFaults with everything that is wrong, a condition that can never be
    true included.
    """
    known = scope.checked.get((text, expect))
    if known is None:
        known = scope.checked[text, expect] = _check(text, scope, expect)
    return known


def _check(text: str, scope: Scope, expect: Type | None) -> Condition:
    term = parse(text)
    checker = Checker(scope)
    tree = checker.node(term)
    if tree is not None and not checker.faults:
        checker.faults.extend(_unexpected(tree, expect))
    if tree is None or checker.faults:
        raise LanguageFaults(checker.faults)
    return Condition(text, tree, tree.type, frozenset(_reads(tree)), key(tree))


def _unexpected(tree: Node, expect: Type | None) -> list[LanguageFault]:
    fits = tree.type == expect or (expect == DOUBLE and tree.type in NUMBERS)
    if expect is not None and not fits:
        return [LanguageFault(1, f"{expect} is needed here, this is {tree.type}")]
    if _reads(tree):
        return []
    value = constant(tree)
    if value is None:
        return [LanguageFault(1, "this is always unknown", "it divides by zero or overflows")]
    if expect == BOOL and value is False:
        return [LanguageFault(1, "this can never be true")]
    return []


def _reads(tree: Node) -> set[tuple[str, str]]:
    reads = set()
    if tree.op == "read" and isinstance(tree.value, tuple):
        reads.add((str(tree.value[0]), str(tree.value[1])))
    if tree.op == "history" and isinstance(tree.value, tuple):
        reads.add(("history", str(tree.value[1])))
    for arg in tree.args:
        reads |= _reads(arg)
    return reads


def key(tree: Node) -> str:
    """The canonical text of a tree: the order of && and || does not matter, nor the side of <."""
    if tree.op == "literal":
        return f"{tree.type}:{tree.value!r}"
    if tree.op == "read" and isinstance(tree.value, tuple):
        return ".".join(map(str, tree.value))
    op, args = tree.op, [key(arg) for arg in tree.args]
    if op in ("&&", "||"):
        args = sorted(set(args))
    elif op in ("==", "!="):
        args.sort()
    elif op in (">", ">="):
        op, args = op.replace(">", "<"), args[::-1]
    value = "" if tree.value is None else f" {tree.value!r}"
    return f"({op}{value} {' '.join(args)})"
