"""What the checker says of a term that cannot stand, or of types that do not go together."""

from __future__ import annotations

from collections.abc import Iterable

from engine.rules.faults import LanguageFault, LanguageFaults
from engine.rules.syntax import Term
from engine.rules.types import DURATION, NUMBERS, STRING, TIMESTAMP, Node, Type


def wrong(term: Term, what: str, hint: str = "") -> LanguageFaults:
    """What is wrong at `term`, to be raised."""
    return LanguageFaults([LanguageFault(term.column, what, hint)])


def a(type: Type) -> str:
    """The type with its article, for a sentence."""
    return f"{'an' if type.name == 'int' else 'a'} {type}"


def unfit(term: Term, nodes: Iterable[Node]) -> LanguageFaults:
    """That the operator of `term` takes no such `nodes`, to be raised."""
    types = [node.type for node in nodes]
    op = "-" if term.op == "neg" else term.op
    hint = ""
    if op in ("==", "!=", "<", "<=", ">", ">="):
        hint = _literal_hint(types)
    elif set(types) == NUMBERS:
        hint = "arithmetic does not mix int and double; write 1.0 for 1"
    return wrong(term, f"{op} does not take {' and '.join(map(a, types))}", hint)


def _literal_hint(types: Iterable[Type]) -> str:
    if set(types) == {STRING, TIMESTAMP}:
        return "write timestamp('2026-01-31T00:00:00Z')"
    return "write duration('30d')" if set(types) == {STRING, DURATION} else ""
