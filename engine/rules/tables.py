"""Decision tables: rows of cells over a few inputs, in the words of DMN.

A cell is `-` (anything), a literal, or an operator and a literal; the literal takes the
type of its input. Hit policies: `first` row that matches; `unique`, where more than one
match makes the result unknown; `collect`, the outputs of all rows that match, in order.
An input that is unknown makes the result unknown, unless an earlier row has matched
(`first`) or another cell rules its row out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.domain import Value
from engine.rules.emit import Emitter
from engine.rules.python import UNKNOWN, assign, call, define, fixed, is_constant, load
from engine.rules.scope import Condition
from engine.rules.types import Node, Type

Hit = Literal["unique", "first", "collect"]


class Row(NamedTuple):
    """When the row applies (a tree over the locals `input0`, `input1`, …), and its output."""

    when: Node
    output: Value


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A checked table. `type` is what it results in: a list of its outputs for `collect`."""

    hit: Hit
    inputs: tuple[Condition, ...]
    type: Type
    rows: tuple[Row, ...]

    @property
    def reads(self) -> frozenset[tuple[str, str]]:
        """All that the inputs read, as `Condition.reads`."""
        return frozenset().union(*(condition.reads for condition in self.inputs))


def function_of(table: DecisionTable) -> Callable[..., object]:
    """The table as a function of its inputs."""
    emitter = Emitter()
    body: list[ast.stmt] = [assign("hits", ast.List([], ast.Load()))]
    for row in table.rows:
        emitter.fresh()
        output = fixed(row.output)
        body.append(assign("row", emitter.expression(row.when)))
        if row.when.partial:
            body.append(ast.If(is_constant(load("row"), None), [ast.Return(UNKNOWN)], []))
        append = call(ast.Attribute(load("hits"), "append", ast.Load()), output)
        hit = ast.Return(output) if table.hit == "first" else ast.Expr(append)
        body.append(ast.If(load("row"), [hit], []))
    finish = {"first": UNKNOWN, "collect": load("hits")}
    only = emitter.bind("only", _only)
    body.append(ast.Return(finish.get(table.hit, call(only, load("hits")))))
    inputs = [f"input{index}" for index in range(len(table.inputs))]
    return define("table", inputs, body, emitter.names)


def _only(hits: Sequence[Value]) -> Value | None:
    return hits[0] if len(hits) == 1 else None
