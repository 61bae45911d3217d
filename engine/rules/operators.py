"""Names and operators checked: every name exists, every type fits, constants are folded.

All faults of a condition are found in one pass; a piece at fault is `None` here and its
surroundings say nothing more about it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping

from engine.rules import functions
from engine.rules.faults import LanguageFault, LanguageFaults, among
from engine.rules.folding import built, folded
from engine.rules.refusals import a, unfit, wrong
from engine.rules.scope import Scope
from engine.rules.syntax import Term
from engine.rules.types import (
    BOOL,
    NOTHING,
    NUMBERS,
    TIMESTAMP,
    Node,
    Type,
    element_of,
    list_of,
)
from engine.spelling import meant

NAMESPACES = ("customer", "context", "segment", "table", "rule", "history")


class Operators(ABC):
    """Checks one condition against a scope; `faults` gathers what is wrong with it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.faults: list[LanguageFault] = []
        self.locals: dict[str, Node] = {}

    def node(self, term: Term) -> Node | None:
        """The typed tree of `term`, or None once a fault is noted."""
        try:
            node = _CHECK.get(term.op, Operators._arithmetic)(self, term)
        except LanguageFaults as refused:
            self.faults += refused.faults
            return None
        return None if node is None else folded(node)

    def note(self, column: int, what: str, hint: str = "") -> None:
        """Note what is wrong and go on looking for more."""
        self.faults.append(LanguageFault(column, what, hint))

    @abstractmethod
    def call(self, term: Term) -> Node | None:
        """The typed tree of `f(x)`."""

    @abstractmethod
    def method(self, term: Term) -> Node | None:
        """The typed tree of `x.f(y)`."""

    def nodes(self, terms: Iterable[Term]) -> list[Node] | None:
        """The typed trees of all `terms`, each checked, or None if one is at fault."""
        nodes = [self.node(term) for term in terms]
        found = [node for node in nodes if node is not None]
        return found if len(found) == len(nodes) else None

    # ── names ────────────────────────────────────────────────────────────────────────

    def _literal(self, term: Term) -> Node:
        return Node("literal", term.type, term.column, value=term.value)

    def _name(self, term: Term) -> Node | None:
        if term.text in self.locals:
            return self.locals[term.text]._replace(column=term.column)
        if term.text == "now":
            return Node("read", TIMESTAMP, term.column, value=("now", ""))
        if term.text in NAMESPACES:
            raise wrong(term, f"{term.text} is not a value by itself", f"{term.text}.name is")
        known = (*self.locals, "now", *NAMESPACES)
        owners = [n for n in ("customer", "context") if term.text in getattr(self.scope, n)]
        hint = f"did you mean {owners[0]}.{term.text}?" if owners else meant(term.text, known)
        raise wrong(term, f"there is no {term.text}", hint)

    def _select(self, term: Term) -> Node | None:
        owner = term.args[0]
        if owner.op != "name" or owner.text not in NAMESPACES or owner.text in self.locals:
            self.node(owner)
            raise wrong(term, f".{term.text} means nothing here")
        if owner.text == "history":
            raise wrong(term, "history is asked by a call", "history.count('accept')")
        known = self._known(owner.text)
        if term.text not in known:
            what = f"{owner.text}.{term.text} is not declared"
            raise wrong(term, what, meant(term.text, known))
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
        nodes = self.nodes(term.args)
        if nodes is None:
            return None
        types = list(dict.fromkeys(node.type for node in nodes))
        if len(types) > 1 or any(type.name == "list" for type in types):
            mixed = " and ".join(map(str, types))
            raise wrong(term, f"a list holds values of one plain type, not {mixed}")
        return built("list", list_of(types[0] if types else NOTHING), term, nodes)

    def _not(self, term: Term) -> Node | None:
        return self._of_bools(term, "!")

    def _logic(self, term: Term) -> Node | None:
        return self._of_bools(term, term.op)

    def _of_bools(self, term: Term, op: str) -> Node | None:
        nodes = [self.truth(arg) for arg in term.args]
        found = [node for node in nodes if node is not None]
        return built(op, BOOL, term, found) if len(found) == len(nodes) else None

    def truth(self, term: Term) -> Node | None:
        """`term`, which must be a bool."""
        node = self.node(term)
        if node is not None and node.type != BOOL:
            self.note(term.column, f"a condition is needed here, this is {a(node.type)}")
            return None
        return node

    def _ternary(self, term: Term) -> Node | None:
        test, branches = self.truth(term.args[0]), self.nodes(term.args[1:])
        if test is None or branches is None:
            return None
        then, otherwise = branches
        if then.type != otherwise.type:
            what = f"both sides of : must be of one type, not {then.type} and {otherwise.type}"
            raise wrong(term, what)
        return built("?", then.type, term, [test, then, otherwise])

    def _equality(self, term: Term) -> Node | None:
        nodes = self.nodes(term.args)
        if nodes is None:
            return None
        left, right = nodes
        if not _comparable(left.type, right.type):
            raise unfit(term, nodes)
        self._known_values(left, right)
        self._known_values(right, left)
        return built(term.op, BOOL, term, nodes)

    def _order(self, term: Term) -> Node | None:
        nodes = self.nodes(term.args)
        if nodes is None:
            return None
        left, right = nodes
        if left.type not in functions.ORDERED or not _comparable(left.type, right.type):
            raise unfit(term, nodes)
        return built(term.op, BOOL, term, nodes)

    def _in(self, term: Term) -> Node | None:
        nodes = self.nodes(term.args)
        if nodes is None:
            return None
        value, values = nodes
        if values.type.name != "list" or not _comparable(value.type, element_of(values.type)):
            raise unfit(term, nodes)
        self._known_values(value, values)
        return built("in", BOOL, term, nodes)

    def _arithmetic(self, term: Term) -> Node | None:
        nodes = self.nodes(term.args)
        if nodes is None:
            return None
        function = functions.find(term.op, [node.type for node in nodes])
        if function is None:
            raise unfit(term, nodes)
        return built(term.op, function.result, term, nodes, partial=function.partial)

    def _known_values(self, read: Node, other: Node) -> None:
        """A declared enum is compared with its own values only: any other is never equal."""
        enum = self.scope.enum(read)
        if enum is None or not isinstance(read.value, tuple) or other.op != "literal":
            return
        name = ".".join(map(str, read.value))
        values = other.value if isinstance(other.value, tuple) else (other.value,)
        for value in values:
            if value not in enum:
                self.note(other.column, f"{name} is never {value!r}", among(value, enum))


def _comparable(left: Type, right: Type) -> bool:
    if left.name == right.name == "list":
        return _comparable(element_of(left), element_of(right))
    return left == right or {left, right} <= NUMBERS or NOTHING in (left, right)


_CHECK: Mapping[str, Callable[[Operators, Term], Node | None]] = {
    "literal": Operators._literal,
    "name": Operators._name,
    "select": Operators._select,
    "list": Operators._list,
    "!": Operators._not,
    "&&": Operators._logic,
    "||": Operators._logic,
    "?": Operators._ternary,
    "==": Operators._equality,
    "!=": Operators._equality,
    **dict.fromkeys(("<", "<=", ">", ">="), Operators._order),
    "in": Operators._in,
    "call": lambda checker, term: checker.call(term),
    "method": lambda checker, term: checker.method(term),
}
