"""Which attributes are to blame that a condition is unknown."""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain import Facts
from engine.rules.fitting import fitting
from engine.rules.scalar import Definition
from engine.rules.scope import Condition, Scope


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
