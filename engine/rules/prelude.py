"""How a compiled function begins: each attribute is read once, each question asked once."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from engine.history import History
from engine.rules.custom import Predicate
from engine.rules.emit import Emitter
from engine.rules.fitting import CLASSES, fitting
from engine.rules.python import assign, call, fixed, load
from engine.rules.scope import Scope
from engine.rules.types import SCALARS

_FACTS = ("customer", "context", "events", "channel", "now")


class Prelude:
    """Fills the locals that expressions mention: all those of `emitter`, so it is made last."""

    def __init__(self, emitter: Emitter, scope: Scope, predicates: Mapping[str, Predicate]) -> None:
        self._emitter = emitter
        self._scope = scope
        self._predicates = predicates

    def statements(self) -> list[ast.stmt]:
        """To stand before all others."""
        start: list[ast.stmt] = [
            *(assign(name, ast.Attribute(load("facts"), name, ast.Load())) for name in _FACTS),
            assign("false", ast.List([], ast.Load())),
            assign("unknown", ast.List([], ast.Load())),
        ]
        if any(len(read) > 2 for read in self._emitter.reads):
            history = self._emitter.bind("History", History)
            start.append(assign("history", call(history, load("events"), load("now"))))
        return start + [
            s for read, name in self._emitter.reads.items() for s in self._read(read, name)
        ]

    def _read(self, read: tuple[object, ...], name: str) -> list[ast.stmt]:
        if len(read) > 2:
            return [assign(name, _asked(*read))]
        namespace, subject = map(str, read)
        if namespace in ("customer", "context"):
            return self._attribute(namespace, subject, name)
        if namespace == "rule":
            predicate = self._emitter.bind(f"rule_{subject}", self._predicates[subject])
            return [assign(name, call(predicate, load("facts")))]
        return [assign(name, load("now"))] if namespace == "now" else []

    def _attribute(self, namespace: str, subject: str, name: str) -> list[ast.stmt]:
        """Read the attribute; whatever is not of its type goes through `fitting`."""
        attribute = self._scope.attribute(namespace, subject)
        get = ast.Attribute(load(namespace), "get", ast.Load())
        default = attribute.default
        kept = tuple(default) if isinstance(default, list) else default
        fit = self._emitter.bind("fitting", fitting)
        type = self._emitter.bind(f"type {attribute.type}", attribute.type)
        fitted = assign(name, call(fit, load(name), type, fixed(kept)))
        test: ast.expr = ast.Constant(True)
        if attribute.type.name in SCALARS:
            expected = CLASSES[attribute.type.name]
            test = ast.Compare(
                ast.Attribute(load(name), "__class__", ast.Load()),
                [ast.IsNot()],
                [self._emitter.bind(expected.__name__, expected)],
            )
        return [assign(name, call(get, ast.Constant(subject))), ast.If(test, [fitted], [])]


def _asked(question: object, subject: object, filters: object, within: object) -> ast.expr:
    asked = call(
        ast.Attribute(load("history"), str(question), ast.Load()), ast.Constant(str(subject))
    )
    assert isinstance(filters, tuple)  # noqa: S101
    named = [*filters, ("within", within)] if within is not None else filters
    asked.keywords = [ast.keyword(name, ast.Constant(value)) for name, value in named]
    return asked
