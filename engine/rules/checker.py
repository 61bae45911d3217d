"""Syntax tree to typed tree: every name exists, every type fits, every constant is folded.

All faults of a condition are found in one pass; a piece at fault is `None` here and its
surroundings say nothing more about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import get_args

import re2

from engine.domain import Kind, Value
from engine.rules import functions
from engine.rules.emit import constant
from engine.rules.faults import LanguageFault, nearest
from engine.rules.scope import Scope
from engine.rules.syntax import Term
from engine.rules.times import duration_ms, timestamp_ms
from engine.rules.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    NOTHING,
    NUMBERS,
    STRING,
    TIMESTAMP,
    Node,
    Type,
    element_of,
    list_of,
)

NAMESPACES = ("customer", "context", "segment", "table", "rule", "history")
MACROS_DEEPEST = 4
_FUNCTIONS = ("size", "has", "timestamp", "duration", "matches")
_METHODS = ("size", "startsWith", "endsWith", "contains", "matches", "exists", "all")
_QUESTIONS = {"count": INT, "days_since": DOUBLE, "open": BOOL}
_FILTERS = ("action", "group", "kind", "channel", "topic")


class Checker:
    """Checks one condition against a scope; `faults` gathers what is wrong with it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.faults: list[LanguageFault] = []
        self._locals: dict[str, Node] = {}

    def node(self, term: Term) -> Node | None:
        """The typed tree of `term`, or None once a fault is noted."""
        node = _CHECK.get(term.op, Checker._arithmetic)(self, term)
        return None if node is None else _folded(node)

    def fault(self, term: Term, what: str, hint: str = "") -> None:
        """Note what is wrong at `term`."""
        self.faults.append(LanguageFault(term.column, what, hint))

    def _nodes(self, terms: Iterable[Term]) -> list[Node] | None:
        nodes = [self.node(term) for term in terms]
        found = [node for node in nodes if node is not None]
        return found if len(found) == len(nodes) else None

    # ── names ────────────────────────────────────────────────────────────────────────

    def _literal(self, term: Term) -> Node:
        return Node("literal", term.type, term.column, value=term.value)

    def _name(self, term: Term) -> Node | None:
        if term.text in self._locals:
            return self._locals[term.text]._replace(column=term.column)
        if term.text == "now":
            return Node("read", TIMESTAMP, term.column, value=("now", ""))
        if term.text in NAMESPACES:
            return self.fault(term, f"{term.text} is not a value by itself", f"{term.text}.name is")
        known = (*self._locals, "now", *NAMESPACES)
        owners = [n for n in ("customer", "context") if term.text in getattr(self.scope, n)]
        hint = f"did you mean {owners[0]}.{term.text}?" if owners else nearest(term.text, known)
        return self.fault(term, f"there is no {term.text}", hint)

    def _select(self, term: Term) -> Node | None:
        owner = term.args[0]
        if owner.op != "name" or owner.text not in NAMESPACES or owner.text in self._locals:
            self.node(owner)
            return self.fault(term, f".{term.text} means nothing here")
        if owner.text == "history":
            return self.fault(term, "history is asked by a call", "history.count('accept')")
        known = self._known(owner.text)
        if term.text not in known:
            what = f"{owner.text}.{term.text} is not declared"
            return self.fault(term, what, nearest(term.text, known))
        partial = owner.text not in ("customer", "context") or (
            self.scope.attribute(owner.text, term.text).default is None
        )
        value = (owner.text, term.text)
        return Node("read", known[term.text], owner.column, value=value, partial=partial)

    def _known(self, namespace: str) -> Mapping[str, Type]:
        scope = self.scope
        if namespace in ("customer", "context"):
            declared = scope.customer if namespace == "customer" else scope.context
            return {name: attribute.type for name, attribute in declared.items()}
        if namespace == "table":
            return scope.tables
        return dict.fromkeys(scope.segments if namespace == "segment" else scope.rules, BOOL)

    # ── operators ────────────────────────────────────────────────────────────────────

    def _list(self, term: Term) -> Node | None:
        nodes = self._nodes(term.args)
        if nodes is None:
            return None
        types = list(dict.fromkeys(node.type for node in nodes))
        if len(types) > 1 or any(type.name == "list" for type in types):
            mixed = " and ".join(map(str, types))
            return self.fault(term, f"a list holds values of one plain type, not {mixed}")
        return _built("list", list_of(types[0] if types else NOTHING), term, nodes)

    def _not(self, term: Term) -> Node | None:
        return self._of_bools(term, "!")

    def _logic(self, term: Term) -> Node | None:
        return self._of_bools(term, term.op)

    def _of_bools(self, term: Term, op: str) -> Node | None:
        nodes = [self.truth(arg) for arg in term.args]
        found = [node for node in nodes if node is not None]
        return _built(op, BOOL, term, found) if len(found) == len(nodes) else None

    def truth(self, term: Term) -> Node | None:
        """`term`, which must be a bool."""
        node = self.node(term)
        if node is not None and node.type != BOOL:
            return self.fault(term, f"a condition is needed here, this is {_a(node.type)}")
        return node

    def _ternary(self, term: Term) -> Node | None:
        test, branches = self.truth(term.args[0]), self._nodes(term.args[1:])
        if test is None or branches is None:
            return None
        then, otherwise = branches
        if then.type != otherwise.type:
            what = f"both sides of : must be of one type, not {then.type} and {otherwise.type}"
            return self.fault(term, what)
        return _built("?", then.type, term, [test, then, otherwise])

    def _equality(self, term: Term) -> Node | None:
        nodes = self._nodes(term.args)
        if nodes is None:
            return None
        left, right = nodes
        if not _comparable(left.type, right.type):
            return self._unfit(term, nodes)
        self._known_values(left, right)
        self._known_values(right, left)
        return _built(term.op, BOOL, term, nodes)

    def _order(self, term: Term) -> Node | None:
        nodes = self._nodes(term.args)
        if nodes is None:
            return None
        left, right = nodes
        if left.type not in functions.ORDERED or not _comparable(left.type, right.type):
            return self._unfit(term, nodes)
        return _built(term.op, BOOL, term, nodes)

    def _in(self, term: Term) -> Node | None:
        nodes = self._nodes(term.args)
        if nodes is None:
            return None
        value, values = nodes
        if values.type.name != "list" or not _comparable(value.type, element_of(values.type)):
            return self._unfit(term, nodes)
        self._known_values(value, values)
        return _built("in", BOOL, term, nodes)

    def _arithmetic(self, term: Term) -> Node | None:
        nodes = self._nodes(term.args)
        if nodes is None:
            return None
        function = functions.find(term.op, [node.type for node in nodes])
        if function is None:
            return self._unfit(term, nodes)
        return _built(term.op, function.result, term, nodes, partial=function.partial)

    def _unfit(self, term: Term, nodes: Iterable[Node]) -> None:
        types = [node.type for node in nodes]
        op = "-" if term.op == "neg" else term.op
        mixed = set(types) == NUMBERS
        hint = "arithmetic does not mix int and double; write 1.0 for 1" if mixed else ""
        if op in ("==", "!=", "<", "<=", ">", ">=") and len({t.name for t in types}) == 2:
            hint = _conversion_hint(types)
        self.fault(term, f"{op} does not take {' and '.join(map(_a, types))}", hint)

    def _known_values(self, read: Node, other: Node) -> None:
        """A declared enum is compared with its own values only: any other is never equal."""
        if read.op != "read" or not isinstance(read.value, tuple) or other.op != "literal":
            return
        namespace, name = map(str, read.value)
        if namespace not in ("customer", "context"):
            return
        enum = self.scope.attribute(namespace, name).enum
        values = other.value if isinstance(other.value, tuple) else (other.value,)
        for value in values if enum is not None else ():
            if value not in enum:
                hint = nearest(str(value), enum) or f"its values are {', '.join(enum)}"
                what = f"{namespace}.{name} is never {value!r}"
                self.faults.append(LanguageFault(other.column, what, hint))

    # ── functions ────────────────────────────────────────────────────────────────────

    def _call(self, term: Term) -> Node | None:
        check = _CALLS.get(term.text)
        if check is None:
            hint = nearest(term.text, _FUNCTIONS)
            if term.text in _METHODS:
                hint = f"it is asked of a value: x.{term.text}(…)"
            return self.fault(term, f"there is no function {term.text}", hint)
        return check(self, term) if self._takes(term, 2 if term.text == "matches" else 1) else None

    def _method(self, term: Term) -> Node | None:
        owner = term.args[0]
        if owner.op == "name" and owner.text == "history" and "history" not in self._locals:
            return self._history(term)
        if term.text not in _METHODS:
            self.node(owner)
            return self.fault(
                term, f"there is no function {term.text}", nearest(term.text, _METHODS)
            )
        count = {"size": 1, "exists": 3, "all": 3}.get(term.text, 2)
        if not self._takes(term, count, on=1):
            return None
        return _METHOD_CHECKS.get(term.text, Checker._string_method)(self, term)

    def _takes(self, term: Term, count: int, on: int = 0) -> bool:
        if term.named:
            self.fault(term, f"{term.text} takes no named arguments")
        elif len(term.args) != count:
            plural = "" if count - on == 1 else "s"
            self.fault(
                term, f"{term.text} takes {count - on} argument{plural}, not {len(term.args) - on}"
            )
        else:
            return True
        return False

    def _size(self, term: Term) -> Node | None:
        nodes = self._nodes(term.args)
        if nodes is None:
            return None
        if nodes[0].type != STRING and nodes[0].type.name != "list":
            return self.fault(term, f"size is of a string or a list, not {_a(nodes[0].type)}")
        return _built("size", INT, term, nodes)

    def _string_method(self, term: Term) -> Node | None:
        nodes = self._nodes(term.args)
        if nodes is None:
            return None
        function = functions.find(term.text, [node.type for node in nodes])
        if function is None:
            types = " and ".join(_a(node.type) for node in nodes)
            hint = "use in to look into a list" if nodes[0].type.name == "list" else ""
            return self.fault(term, f"{term.text} is of two strings, not {types}", hint)
        return _built(term.text, function.result, term, nodes)

    def _matches(self, term: Term) -> Node | None:
        text, pattern = self.node(term.args[0]), self._written(term.args[1], "the pattern")
        if text is None or pattern is None:
            return None
        if text.type != STRING:
            return self.fault(term, f"matches is of a string, not {_a(text.type)}")
        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(pattern, options)
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            reason = reason.decode() if isinstance(reason, bytes) else str(reason)
            return self.fault(term.args[1], f"{pattern!r} is not a pattern: {reason}")
        return _built("matches", BOOL, term, [text], partial=True, value=pattern)

    def _has(self, term: Term) -> Node | None:
        node = self.node(term.args[0])
        if node is None:
            return None
        if node.op != "read" or str(node.value[0] if isinstance(node.value, tuple) else "") not in (
            "customer",
            "context",
        ):
            return self.fault(term, "has is of an attribute", "has(customer.x)")
        return Node("has", BOOL, term.column, (node,))

    def _timestamp(self, term: Term) -> Node | None:
        return self._time(term, TIMESTAMP, timestamp_ms)

    def _duration(self, term: Term) -> Node | None:
        return self._time(term, DURATION, duration_ms)

    def _time(self, term: Term, type: Type, parse: Callable[[str], int]) -> Node | None:
        text = self._written(term.args[0], f"a {type}")
        milliseconds = None if text is None else self._parsed(term.args[0], parse, text)
        if milliseconds is None:
            return None
        return Node("literal", type, term.column, value=milliseconds)

    def _parsed(self, term: Term, parse: Callable[[str], int], text: str) -> int | None:
        try:
            return parse(text)
        except ValueError as error:
            return self.fault(term, str(error))

    def _written(self, term: Term, what: str) -> str | None:
        """The text of a string literal, where only a literal will do."""
        if term.op == "literal" and isinstance(term.value, str):
            return term.value
        return self.fault(term, f"{what} must be written out, in quotes")

    # ── macros ───────────────────────────────────────────────────────────────────────

    def _macro(self, term: Term) -> Node | None:
        values, variable = self.node(term.args[0]), term.args[1]
        if variable.op != "name" or variable.text in (*NAMESPACES, "now"):
            return self.fault(variable, f"{term.text} needs a name for each element, such as x")
        if len(self._locals) >= MACROS_DEEPEST or variable.text in self._locals:
            return self.fault(term, "too deep, or a name used twice, in exists and all")
        if values is None:
            return None
        if values.type.name != "list":
            return self.fault(term, f"{term.text} is of a list, not {_a(values.type)}")
        return self._body(term, values, variable.text)

    def _body(self, term: Term, values: Node, variable: str) -> Node | None:
        name = f"element{len(self._locals)}"
        element = Node("local", element_of(values.type), term.column, value=name)
        self._locals[variable] = element
        body = self.truth(term.args[2])
        del self._locals[variable]
        if body is None:
            return None
        return _built(term.text, BOOL, term, [values, body], value=name)

    # ── history ──────────────────────────────────────────────────────────────────────

    def _history(self, term: Term) -> Node | None:
        if term.text not in _QUESTIONS:
            hint = nearest(term.text, _QUESTIONS) or "ask count, days_since or open"
            return self.fault(term, f"history has no {term.text}", hint)
        if len(term.args) != 2:
            what = "topic" if term.text == "open" else "type of interaction"
            return self.fault(
                term, f"history.{term.text} is asked one {what}", f"history.{term.text}('…')"
            )
        subject = self._written(term.args[1], "what to look for")
        filters, within = self._filters(term)
        if subject is None or self.faults:
            return None
        value = (term.text, subject, tuple(sorted(filters.items())), within)
        return Node("history", _QUESTIONS[term.text], term.column, value=value)

    def _filters(self, term: Term) -> tuple[dict[str, str], int | None]:
        allowed = {"count": (*_FILTERS, "within"), "days_since": _FILTERS}.get(term.text, ())
        filters: dict[str, str] = {}
        within = None
        for name, arg in term.named:
            text = self._written(arg, name)
            if name not in allowed:
                hint = nearest(name, allowed) or (
                    f"it takes {', '.join(allowed)}" if allowed else ""
                )
                self.fault(arg, f"history.{term.text} takes no {name}", hint)
            elif name in filters or (name == "within" and within is not None):
                self.fault(arg, f"{name} is given twice")
            elif text is not None and name == "within":
                within = self._parsed(arg, _positive, text)
            elif text is not None:
                self._known_label(arg, name, text)
                filters[name] = text
        return filters, within

    def _known_label(self, term: Term, name: str, text: str) -> None:
        known: Mapping[str, Collection[str]] = {
            "action": self.scope.actions,
            "group": self.scope.groups,
            "channel": self.scope.channels,
            "kind": get_args(Kind),
        }
        if name in known and text not in known[name]:
            self.fault(term, f"there is no {name} {text!r}", nearest(text, known[name]))


def _positive(text: str) -> int:
    milliseconds = duration_ms(text)
    if milliseconds <= 0:
        raise ValueError(f"within {text!r} nothing ever happens")
    return milliseconds


def _a(type: Type) -> str:
    return f"{'an' if type.name == 'int' else 'a'} {type}"


def _conversion_hint(types: Iterable[Type]) -> str:
    if set(types) == {STRING, TIMESTAMP}:
        return "write timestamp('2026-01-31T00:00:00Z')"
    return "write duration('30d')" if set(types) == {STRING, DURATION} else ""


def _comparable(left: Type, right: Type) -> bool:
    if left.name == right.name == "list":
        return _comparable(element_of(left), element_of(right))
    return left == right or {left, right} <= NUMBERS or NOTHING in (left, right)


def _built(
    op: str,
    type: Type,
    term: Term,
    args: Iterable[Node],
    *,
    partial: bool = False,
    value: Value | None = None,
) -> Node:
    nodes = tuple(args)
    return Node(op, type, term.column, nodes, value, partial or any(n.partial for n in nodes))


def _folded(node: Node) -> Node:
    """`node`, or the literal it always comes to."""
    if node.op in ("&&", "||"):
        return _folded_logic(node)
    if node.op == "?" and node.args[0].op == "literal":
        return node.args[1] if node.args[0].value else node.args[2]
    if not node.args or any(arg.op != "literal" for arg in node.args):
        return node
    value = constant(node)
    if value is None:
        return node
    kept = tuple(value) if isinstance(value, list) else value
    return Node("literal", node.type, node.column, value=kept)


def _folded_logic(node: Node) -> Node:
    decides = node.op == "||"
    if any(arg.op == "literal" and arg.value is decides for arg in node.args):
        return Node("literal", BOOL, node.column, value=decides)
    args = tuple(arg for arg in node.args if arg.op != "literal")
    if len(args) < 2:
        return args[0] if args else Node("literal", BOOL, node.column, value=not decides)
    return node._replace(args=args, partial=any(arg.partial for arg in args))


_CHECK: Mapping[str, Callable[[Checker, Term], Node | None]] = {
    "literal": Checker._literal,
    "name": Checker._name,
    "select": Checker._select,
    "list": Checker._list,
    "!": Checker._not,
    "&&": Checker._logic,
    "||": Checker._logic,
    "?": Checker._ternary,
    "==": Checker._equality,
    "!=": Checker._equality,
    **dict.fromkeys(("<", "<=", ">", ">="), Checker._order),
    "in": Checker._in,
    "call": Checker._call,
    "method": Checker._method,
}
_CALLS: Mapping[str, Callable[[Checker, Term], Node | None]] = {
    "size": Checker._size,
    "has": Checker._has,
    "timestamp": Checker._timestamp,
    "duration": Checker._duration,
    "matches": Checker._matches,
}
_METHOD_CHECKS: Mapping[str, Callable[[Checker, Term], Node | None]] = {
    "size": Checker._size,
    "matches": Checker._matches,
    "exists": Checker._macro,
    "all": Checker._macro,
}
