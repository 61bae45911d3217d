"""Conditions that hold the same fact to a limit each, asked together: the hardest first.

Who has spent over 100 has spent over 50, too. So a customer who passes the hardest limit is
asked of no other, and one who does not is asked of each until one is passed.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.rules.language import Condition
from engine.rules.python import note
from engine.rules.types import Node

Ladder = Sequence[int]
"""The numbers of conditions each of which holds wherever the one before it does."""

_MOST = 16
"""Python's `if` within `if` may not be nested without end."""

_UP, _DOWN = (">", ">="), ("<", "<=")


def ladders(conditions: Sequence[Condition]) -> list[Ladder]:
    """Every ladder among the conditions, of two to sixteen."""
    found: defaultdict[tuple[object, bool], list[int]] = defaultdict(list)
    for index, condition in enumerate(conditions):
        tree = condition.tree
        if _is_limit(tree):
            found[tree.args[0].value, tree.op in _UP].append(index)
    return [
        rungs
        for (_, up), indices in found.items()
        for rungs in _cut(sorted(indices, key=lambda i: _height(conditions[i].tree), reverse=up))
        if len(rungs) > 1
    ]


def climb(values: Mapping[int, ast.expr]) -> ast.stmt:
    """A statement that notes each condition of a ladder that is false, or all as unknown;
    `values` are what they come to, by their numbers, in the ladder's order."""
    asked: list[ast.stmt] = []
    for index, value in reversed(list(values.items())):
        holds = value.orelse if isinstance(value, ast.IfExp) else value
        asked = [ast.If(ast.UnaryOp(ast.Not(), holds), [note("false", index), *asked], [])]
    hardest = next(iter(values.values()))
    if isinstance(hardest, ast.IfExp):
        return ast.If(hardest.test, [note("unknown", index) for index in values], asked)
    return asked[0]


def _is_limit(tree: Node) -> bool:
    """Whether it holds what is read, or asked of the history, to a limit."""
    if tree.op not in (*_UP, *_DOWN):
        return False
    held, limit = tree.args
    if held.op not in ("read", "history") or limit.op != "literal":
        return False
    return limit.value == limit.value  # NaN is neither harder than another limit nor easier


def _height(tree: Node) -> tuple[Any, bool]:
    """Of two equal limits `>` is harder to pass than `>=`, and `<` than `<=`."""
    return tree.args[1].value, tree.op in (">", "<=")


def _cut(rungs: Ladder) -> Iterator[Ladder]:
    for start in range(0, len(rungs), _MOST):
        yield rungs[start : start + _MOST]
