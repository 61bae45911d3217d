"""`@rule`: a condition written in Python, for what the language cannot say.

    from engine.rules.custom import rule

    @rule
    def loyal(facts):
        visits = facts.customer.get("visits")
        return None if visits is None else sum(visits) > 12

Conditions call it `rule.loyal`. It is given `engine.domain.Facts` and nothing else, and
must be pure: the same facts, the same answer, or a decision cannot be replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.domain import Facts

Predicate = Callable[[Facts], bool | None]
"""Answers true, false or unknown (None), and the same for the same facts."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An author's predicate under its name. Called, it answers true, false or unknown (None)."""

    name: str
    predicate: Predicate

    def __call__(self, facts: Facts) -> bool | None:
        try:
            answer = self.predicate(facts)
        except Exception:  # noqa: BLE001 (an author's code may fail in any way; a decision may not)
            return None
        # Anything but a bool, such as an empty list, is a mistake rather than an answer.
        return answer if isinstance(answer, bool) else None


def rule(predicate: Predicate) -> Rule:
    """Mark a function of facts as a rule, known to conditions by the function's name."""
    return Rule(predicate.__name__, predicate)


def rules_of(module: Mapping[str, object]) -> dict[str, Rule]:
    """The rules among a module's names (its `vars()`), by name."""
    return {found.name: found for found in module.values() if isinstance(found, Rule)}
