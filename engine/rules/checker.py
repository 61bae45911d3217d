"""Functions, macros and questions to the history checked: the whole checker of a condition."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from engine.domain import KINDS
from engine.history import FILTERS
from engine.rules import functions
from engine.rules.folding import built
from engine.rules.operators import NAMESPACES, Operators
from engine.rules.patterns import compile_pattern
from engine.rules.refusals import a, wrong
from engine.rules.syntax import Term
from engine.rules.times import duration_ms, timestamp_ms
from engine.rules.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    NOTHING,
    STRING,
    TIMESTAMP,
    Node,
    Type,
    element_of,
)
from engine.spelling import meant

Parsed = TypeVar("Parsed")
MACROS_DEEPEST = 4
_QUESTIONS = {"count": INT, "days_since": DOUBLE, "open": BOOL}


class Checker(Operators):
    """Checks one condition against a scope; `faults` gathers what is wrong with it."""

    def call(self, term: Term) -> Node | None:
        check = _CALLS.get(term.text)
        if check is None:
            hint = meant(term.text, _CALLS)
            if term.text in _METHODS:
                hint = f"it is asked of a value: x.{term.text}(…)"
            raise wrong(term, f"there is no function {term.text}", hint)
        return check(self, term) if self._takes(term, 2 if term.text == "matches" else 1) else None

    def method(self, term: Term) -> Node | None:
        owner = term.args[0]
        if owner.op == "name" and owner.text == "history" and "history" not in self.locals:
            return self._history(term)
        if term.text not in _METHODS:
            self.node(owner)
            raise wrong(term, f"there is no function {term.text}", meant(term.text, _METHODS))
        count = {"size": 1, "exists": 3, "all": 3}.get(term.text, 2)
        if not self._takes(term, count, on=1):
            return None
        return _METHODS[term.text](self, term)

    def _takes(self, term: Term, count: int, on: int = 0) -> bool:
        if term.named:
            self.note(term.column, f"{term.text} takes no named arguments")
        elif len(term.args) != count:
            plural = "" if count - on == 1 else "s"
            self.note(
                term.column,
                f"{term.text} takes {count - on} argument{plural}, not {len(term.args) - on}",
            )
        else:
            return True
        return False

    def _size(self, term: Term) -> Node | None:
        nodes = self.nodes(term.args)
        if nodes is None:
            return None
        if nodes[0].type != STRING and nodes[0].type.name != "list":
            raise wrong(term, f"size is of a string or a list, not {a(nodes[0].type)}")
        return built("size", INT, term, nodes)

    def _string_method(self, term: Term) -> Node | None:
        nodes = self.nodes(term.args)
        if nodes is None:
            return None
        function = functions.find(term.text, [node.type for node in nodes])
        if function is None:
            types = " and ".join(a(node.type) for node in nodes)
            hint = "use in to look into a list" if nodes[0].type.name == "list" else ""
            raise wrong(term, f"{term.text} is of two strings, not {types}", hint)
        return built(term.text, function.result, term, nodes)

    def _matches(self, term: Term) -> Node | None:
        text, pattern = self.node(term.args[0]), self._written(term.args[1], "the pattern")
        if text is None:
            return None
        if text.type != STRING:
            raise wrong(term, f"matches is of a string, not {a(text.type)}")
        self._parsed(term.args[1], compile_pattern, pattern)
        return built("matches", BOOL, term, [text], partial=True, value=pattern)

    def _has(self, term: Term) -> Node | None:
        node = self.node(term.args[0])
        if node is None:
            return None
        if node.op != "read" or str(node.value[0] if isinstance(node.value, tuple) else "") not in (
            "customer",
            "context",
        ):
            raise wrong(term, "has is of an attribute", "has(customer.x)")
        return Node("has", BOOL, term.column, (node,))

    def _timestamp(self, term: Term) -> Node:
        return self._time(term, TIMESTAMP, timestamp_ms)

    def _duration(self, term: Term) -> Node:
        return self._time(term, DURATION, duration_ms)

    def _time(self, term: Term, type: Type, parse: Callable[[str], int]) -> Node:
        text = self._written(term.args[0], f"a {type}")
        milliseconds = self._parsed(term.args[0], parse, text)
        return Node("literal", type, term.column, value=milliseconds)

    def _parsed(self, term: Term, parse: Callable[[str], Parsed], text: str) -> Parsed:
        try:
            return parse(text)
        except ValueError as error:
            raise wrong(term, str(error)) from error

    def _written(self, term: Term, what: str) -> str:
        """The text of a string literal, where only a literal will do."""
        if term.op == "literal" and isinstance(term.value, str):
            return term.value
        raise wrong(term, f"{what} must be written out, in quotes")

    # ── macros ───────────────────────────────────────────────────────────────────────

    def _macro(self, term: Term) -> Node | None:
        values, variable = self.node(term.args[0]), term.args[1]
        if variable.op != "name" or variable.text in (*NAMESPACES, "now"):
            raise wrong(variable, f"{term.text} needs a name for each element, such as x")
        if len(self.locals) >= MACROS_DEEPEST or variable.text in self.locals:
            raise wrong(term, "too deep, or a name used twice, in exists and all")
        if values is None:
            return None
        if values.type.name != "list":
            raise wrong(term, f"{term.text} is of a list, not {a(values.type)}")
        if element_of(values.type) == NOTHING:
            raise wrong(term, "this list is always empty")
        return self._body(term, values, variable.text)

    def _body(self, term: Term, values: Node, variable: str) -> Node | None:
        name = f"element{len(self.locals)}"
        element = Node("local", element_of(values.type), term.column, value=name)
        self.locals[variable] = element
        body = self.truth(term.args[2])
        del self.locals[variable]
        if body is None:
            return None
        return built(term.text, BOOL, term, [values, body], value=name)

    # ── history ──────────────────────────────────────────────────────────────────────

    def _history(self, term: Term) -> Node | None:
        if term.text not in _QUESTIONS:
            hint = meant(term.text, _QUESTIONS) or "ask count, days_since or open"
            raise wrong(term, f"history has no {term.text}", hint)
        if len(term.args) != 2:
            what = "topic" if term.text == "open" else "type of interaction"
            raise wrong(
                term, f"history.{term.text} is asked one {what}", f"history.{term.text}('…')"
            )
        subject = self._written(term.args[1], "what to look for")
        filters, within = self._filters(term)
        if self.faults:
            return None
        value = (term.text, subject, tuple(sorted(filters.items())), within)
        return Node("history", _QUESTIONS[term.text], term.column, value=value)

    def _filters(self, term: Term) -> tuple[dict[str, str], int | None]:
        allowed = {"count": (*FILTERS, "within"), "days_since": FILTERS}.get(term.text, ())
        filters: dict[str, str] = {}
        within = None
        for name, arg in term.named:
            text = self._written(arg, name)
            if name not in allowed:
                hint = meant(name, allowed) or (f"it takes {', '.join(allowed)}" if allowed else "")
                self.note(arg.column, f"history.{term.text} takes no {name}", hint)
            elif name in filters or (name == "within" and within is not None):
                self.note(arg.column, f"{name} is given twice")
            elif name == "within":
                within = self._parsed(arg, _positive, text)
            else:
                self._known_label(arg, name, text)
                filters[name] = text
        return filters, within

    def _known_label(self, term: Term, name: str, text: str) -> None:
        known: Mapping[str, Collection[str]] = {
            "action": self.scope.actions,
            "group": self.scope.groups,
            "channel": self.scope.channels,
            "kind": KINDS,
        }
        if name in known and text not in known[name]:
            self.note(term.column, f"there is no {name} {text!r}", meant(text, known[name]))


def _positive(text: str) -> int:
    milliseconds = duration_ms(text)
    if milliseconds <= 0:
        raise ValueError(f"within {text!r} nothing ever happens")
    return milliseconds


_CALLS: Mapping[str, Callable[[Checker, Term], Node | None]] = {
    "size": Checker._size,
    "has": Checker._has,
    "timestamp": Checker._timestamp,
    "duration": Checker._duration,
    "matches": Checker._matches,
}
_METHODS: Mapping[str, Callable[[Checker, Term], Node | None]] = {
    "size": Checker._size,
    "matches": Checker._matches,
    **dict.fromkeys(functions.STRING_METHODS, Checker._string_method),
    "exists": Checker._macro,
    "all": Checker._macro,
}
