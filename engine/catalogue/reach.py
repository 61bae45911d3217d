"""How far back a catalogue's conditions look into what happened to a customer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.rules.scalar import Definition
from engine.rules.scope import Condition
from engine.rules.tables import DecisionTable
from engine.rules.types import Node


def reach_of(conditions: Iterable[Condition], definitions: Iterable[Definition]) -> int:
    """How far back, in ms, they look at the most, those inside segments and tables included."""
    inside = (one for definition in definitions for one in _conditions(definition))
    return max((_reach(one.tree) for one in (*conditions, *inside)), default=0)


def _conditions(definition: Definition) -> Sequence[Condition]:
    body = definition.body
    return body.inputs if isinstance(body, DecisionTable) else (body,)


def _reach(tree: Node) -> int:
    """How far back, in ms, a condition's questions to the history look."""
    own = 0
    if tree.op == "history" and isinstance(tree.value, tuple):
        within = tree.value[3]
        own = within if isinstance(within, int) else 0
    return max([own, *map(_reach, tree.args)])
