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
from engine.history import History
from engine.rules.emit import Emitter
from engine.rules.ladder import climb, ladders
from engine.rules.language import Condition, Scope
from engine.rules.python import UNKNOWN, assign, call, define, fixed, is_constant, load, note, tell
from engine.rules.tables import DecisionTable, function_of
from engine.rules.types import DOUBLE, SCALARS, Type

Predicate = Callable[[Facts], bool | None]

_FACTS = ("customer", "context", "events", "channel", "now")

_CLASSES: Mapping[str, type] = {
    "bool": bool,
    "int": int,
    "double": float,
    "string": str,
    "timestamp": int,
    "duration": int,
}
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
    compiler = _Compiler(attributes, predicates)
    ordered = _ordered(definitions)
    body = [
        *(statement for definition in ordered for statement in compiler.definition(definition)),
        *compiler.conditions(conditions),
        compiler.answer(ordered, values),
    ]
    evaluate = define("evaluate", ["facts"], [*compiler.prelude(), *body], compiler.emitter.names)
    return Ruleset(evaluate)


def missing(
    condition: Condition, facts: Facts, scope: Scope, definitions: Sequence[Definition] = ()
) -> list[str]:
    """The attributes whose absence can have made `condition` unknown, as `customer.plan`.

    Looks through the segments and tables given. Empty where arithmetic alone is to blame.
    """
    bodies = {(each.kind, each.name): each.body for each in definitions}
    waiting, seen = sorted(condition.reads), set(condition.reads)
    found = []
    while waiting:
        read = waiting.pop(0)
        if read[0] in ("customer", "context") and _absent(read, facts, scope):
            found.append(".".join(read))
        further = bodies[read].reads - seen if read in bodies else frozenset()
        seen |= further
        waiting += sorted(further)
    return found


def _absent(read: tuple[str, str], facts: Facts, scope: Scope) -> bool:
    attribute = scope.attribute(*read)
    held = facts.customer if read[0] == "customer" else facts.context
    return attribute.default is None and fitting(held.get(read[1]), attribute.type, None) is None


def fitting(value: Value | None, type: Type, default: Value | None) -> Value | None:
    """`value` where it is of that type (an int will do for a double), else `default`.

    A stored value may be older than the schema; one of another type is as good as missing.
    """
    expected = _CLASSES[type.of or type.name]
    if type.name == "list":
        return value if isinstance(value, list) and _holds(value, expected) else default
    if value.__class__ is expected:
        return value
    if type == DOUBLE and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return default


def _holds(values: Sequence[object], expected: type) -> bool:
    for value in values:  # noqa: SIM110 (all() over a generator takes twice as long)
        if value.__class__ is not expected:
            return False
    return True


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
    def __init__(self, scope: Scope, predicates: Mapping[str, Predicate]) -> None:
        self.scope = scope
        self.predicates = predicates
        self.emitter = Emitter()

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
        return ast.Dict(keys, [load(self.local((kind, name))) for name in names])

    # ── definitions ──────────────────────────────────────────────────────────────────

    def definition(self, definition: Definition) -> list[ast.stmt]:
        local = self.local((definition.kind, definition.name))
        if isinstance(definition.body, Condition):
            return [assign(local, self.expression(definition.body))]
        name = f"table_{definition.name}"
        function = self.emitter.bind(name, function_of(definition.body))
        inputs = [self.expression(condition) for condition in definition.body.inputs]
        return [assign(local, call(function, *inputs))]

    def local(self, read: tuple[object, ...]) -> str:
        return self.emitter.reads.setdefault(read, f"read{len(self.emitter.reads)}")

    # ── what everything else reads ───────────────────────────────────────────────────

    def prelude(self) -> list[ast.stmt]:
        """Statements that unpack the facts and fill the locals all others mention."""
        start: list[ast.stmt] = [
            *(assign(name, ast.Attribute(load("facts"), name, ast.Load())) for name in _FACTS),
            assign("false", ast.List([], ast.Load())),
            assign("unknown", ast.List([], ast.Load())),
        ]
        if any(len(read) > 2 for read in self.emitter.reads):
            history = self.emitter.bind("History", History)
            start.append(assign("history", call(history, load("events"), load("now"))))
        return start + [
            s for read, name in self.emitter.reads.items() for s in self.read(read, name)
        ]

    def read(self, read: tuple[object, ...], name: str) -> list[ast.stmt]:
        if len(read) > 2:
            return [assign(name, _asked(*read))]
        namespace, subject = map(str, read)
        if namespace in ("customer", "context"):
            return self.attribute(namespace, subject, name)
        if namespace == "rule":
            predicate = self.emitter.bind(f"rule_{subject}", self.predicates[subject])
            return [assign(name, call(predicate, load("facts")))]
        return [assign(name, load("now"))] if namespace == "now" else []

    def attribute(self, namespace: str, subject: str, name: str) -> list[ast.stmt]:
        """Read the attribute; whatever is not of its type goes through `fitting`."""
        attribute = self.scope.attribute(namespace, subject)
        get = ast.Attribute(load(namespace), "get", ast.Load())
        default = attribute.default
        kept = tuple(default) if isinstance(default, list) else default
        fit = self.emitter.bind("fitting", fitting)
        type = self.emitter.bind(f"type {attribute.type}", attribute.type)
        fitted = assign(name, call(fit, load(name), type, fixed(kept)))
        test: ast.expr = ast.Constant(True)
        if attribute.type.name in SCALARS:
            expected = _CLASSES[attribute.type.name]
            test = ast.Compare(
                ast.Attribute(load(name), "__class__", ast.Load()),
                [ast.IsNot()],
                [self.emitter.bind(expected.__name__, expected)],
            )
        return [assign(name, call(get, ast.Constant(subject))), ast.If(test, [fitted], [])]


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _asked(question: object, subject: object, filters: object, within: object) -> ast.expr:
    asked = call(
        ast.Attribute(load("history"), str(question), ast.Load()), ast.Constant(str(subject))
    )
    assert isinstance(filters, tuple)  # noqa: S101
    named = [*filters, ("within", within)] if within is not None else filters
    asked.keywords = [ast.keyword(name, ast.Constant(value)) for name, value in named]
    return asked
