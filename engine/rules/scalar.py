"""All distinct conditions of a catalogue as one compiled function of one customer.

The function is built once a catalogue, as Python's syntax tree, from checked trees: each
attribute is read once, each question to the history asked once, segments and tables
computed before what mentions them. Then one short statement a condition notes its index
where it does not hold.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Literal

from msgspec import Struct

from engine.domain import Facts, Value
from engine.rules.custom import Predicate
from engine.rules.emit import Emitter
from engine.rules.ladder import climb, ladders
from engine.rules.language import Condition, Scope
from engine.rules.prelude import Prelude
from engine.rules.python import UNKNOWN, assign, call, define, is_constant, load, note, tell
from engine.rules.tables import DecisionTable, function_of

# Their trees are unknown only through their arguments, so a statement may test those alone.
_TOTAL = frozenset(
    ("==", "!=", "<", "<=", ">", ">=", "in", "!", "startsWith", "endsWith", "contains")
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A segment or a decision table, under the name conditions know it by."""

    kind: Literal["segment", "table"]
    name: str
    body: Condition | DecisionTable


class Evaluation(Struct, frozen=True):
    """What came out for one customer.

    `false` and `unknown` are indices of conditions, ascending; a `values` entry is None
    where unknown or not finite; a segment or table is None where unknown.
    """

    false: list[int]
    unknown: list[int]
    values: list[float | None]
    segments: dict[str, bool | None]
    tables: dict[str, Value | None]


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The compiled conditions of a catalogue. `evaluate` is pure and safe between threads."""

    evaluate: Callable[[Facts], Evaluation]


def compile_rules(
    definitions: Sequence[Definition],
    conditions: Sequence[Condition],
    values: Sequence[Condition],
    attributes: Scope,
    predicates: Mapping[str, Predicate],
) -> Ruleset:
    """The ruleset of those conditions, `values` being expressions that give numbers.

    `attributes` is the scope they were checked against; `predicates` the `@rule` functions
    it names. Raises graphlib.CycleError when definitions mention each other in a circle.
    """
    emitter = Emitter()
    compiler = _Compiler(emitter)
    ordered = _ordered(definitions)
    body = [
        *(statement for definition in ordered for statement in compiler.definition(definition)),
        *compiler.conditions(conditions),
        compiler.answer(ordered, values),
    ]
    prelude = Prelude(emitter, attributes, predicates).statements()
    return Ruleset(define("evaluate", ["facts"], [*prelude, *body], emitter.names))


def _ordered(definitions: Sequence[Definition]) -> list[Definition]:
    by_name = {(definition.kind, definition.name): definition for definition in definitions}
    order = TopologicalSorter(
        {
            name: [read for read in sorted(definition.body.reads) if read in by_name]
            for name, definition in by_name.items()
        }
    )
    return [by_name[name] for name in order.static_order()]


class _Compiler:
    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter

    def expression(self, condition: Condition) -> ast.expr:
        self.emitter.fresh()
        return self.emitter.expression(condition.tree)

    # ── conditions ───────────────────────────────────────────────────────────────────

    def conditions(self, conditions: Sequence[Condition]) -> list[ast.stmt]:
        """Statements that note every condition that does not hold, in order in the end."""
        climbed = ladders(conditions)
        rungs = {index for ladder in climbed for index in ladder}
        alone = [(index, each) for index, each in enumerate(conditions) if index not in rungs]
        return [
            *(statement for one in alone for statement in self.condition(*one)),
            *(climb({i: self.expression(conditions[i]) for i in ladder}) for ladder in climbed),
            *(tell(where, "sort") for where in ("false", "unknown") if climbed),
        ]

    def condition(self, index: int, condition: Condition) -> list[ast.stmt]:
        """Statements that note `index` where the condition is false or unknown."""
        value = self.expression(condition)
        false, unknown = note("false", index), note("unknown", index)
        if not condition.tree.partial:
            return [ast.If(ast.UnaryOp(ast.Not(), value), [false], [])]
        if isinstance(value, ast.IfExp) and value.body is UNKNOWN and condition.tree.op in _TOTAL:
            otherwise: ast.stmt = ast.If(ast.UnaryOp(ast.Not(), value.orelse), [false], [])
            return [ast.If(value.test, [unknown], [otherwise])]
        held = load("held")
        blame = ast.If(is_constant(held, None), [unknown], [false])
        return [assign("held", value), ast.If(ast.UnaryOp(ast.Not(), held), [blame], [])]

    def answer(self, definitions: Sequence[Definition], values: Sequence[Condition]) -> ast.stmt:
        number = self.emitter.bind("number", _number)
        numbers: list[ast.expr] = [call(number, self.expression(value)) for value in values]
        parts = [load("false"), load("unknown"), ast.List(numbers, ast.Load())]
        parts += [self.named(definitions, "segment"), self.named(definitions, "table")]
        return ast.Return(call(self.emitter.bind("Evaluation", Evaluation), *parts))

    def named(self, definitions: Sequence[Definition], kind: str) -> ast.expr:
        names = [definition.name for definition in definitions if definition.kind == kind]
        keys: list[ast.expr | None] = [ast.Constant(name) for name in names]
        return ast.Dict(keys, [load(self.emitter.holding((kind, name))) for name in names])

    # ── definitions ──────────────────────────────────────────────────────────────────

    def definition(self, definition: Definition) -> list[ast.stmt]:
        local = self.emitter.holding((definition.kind, definition.name))
        if isinstance(definition.body, Condition):
            return [assign(local, self.expression(definition.body))]
        name = f"table_{definition.name}"
        function = self.emitter.bind(name, function_of(definition.body))
        inputs = [self.expression(condition) for condition in definition.body.inputs]
        return [assign(local, call(function, *inputs))]


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
