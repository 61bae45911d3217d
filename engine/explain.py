"""Why this, and why not that: verdicts and terms put into words. Recomputes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from engine.arbitration import Vector
from engine.domain import Code, Knockout
from engine.filling import Filling, Pick
from engine.magnitude import said
from engine.plan import Candidate, Reason
from engine.rules.masks import mask_where
from engine.rules.missing import missing
from engine.rules.policy import first_reasons
from engine.situation import Situation


def chosen(pick: Pick, situation: Situation) -> tuple[Reason, ...]:
    """Why an action was chosen: the number that decided, then what had to hold."""
    return tuple(_reasons(pick, situation))


def _reasons(pick: Pick, situation: Situation) -> Iterator[Reason]:
    catalogue = situation.live.catalogue
    yield Reason(
        "priority",
        f"{situation.propensities.item(pick.action):.1%} likely to respond, "
        f"value {_said(situation.values.item(pick.action))}; with the customer's value, the "
        f"weights and the cost of contact: priority {_said(situation.priority.item(pick.action))}",
    )
    if pick.action != pick.best:
        best = catalogue.actions[pick.best].id
        yield Reason("explored", f"Tried on purpose, although {best} ranks higher.")
    if tier := catalogue.actions[pick.action].tier:
        yield Reason("tier", f"Tier {tier} is served before lower ones.")
    for condition in catalogue.engagement.grounds(pick.action):
        yield Reason("holds", condition)


def everything(fillings: Sequence[Filling], situation: Situation) -> tuple[Candidate, ...]:
    """Every candidate of every placement that was not chosen, each with its first reason (I8)."""
    return tuple(row for filling in fillings for row in _others(filling, situation))


def _others(filling: Filling, situation: Situation) -> Iterator[Candidate]:
    actions = situation.live.catalogue.actions
    rest = filling.placement.mask & ~filling.mask
    knockouts = [_naming(knockout, situation) for knockout in filling.knockouts]
    knockouts += _arbitrated(filling, situation)
    place = filling.placement.id
    for action, no in first_reasons(knockouts, rest):
        yield Candidate(actions[action].id, place, no.stage, no.code, no.reason, no.text)


def _naming(knockout: Knockout, situation: Situation) -> Knockout:
    """An `attribute-unknown` that says which attribute."""
    catalogue = situation.live.catalogue
    number = catalogue.engagement.condition_of(knockout)
    if number is None:
        return knockout
    condition = catalogue.conditions[number]
    absent = ", ".join(missing(condition, situation.facts, catalogue.scope))
    if not absent:
        return knockout
    return replace(knockout, text=f"{absent} is not known, and it needs {condition.text}.")


def _arbitrated(filling: Filling, situation: Situation) -> Iterator[Knockout]:
    """What stood after the policies and still was not chosen, the most telling reason first."""
    priority = situation.priority
    yield _lost("already-chosen", "Another placement of this request has it.", filling.taken)
    yield _lost("value-unknown", "What it is worth is not known.", mask_where(np.isnan(priority)))
    yield _lost("not-worth-it", "Worth less than the contact costs.", mask_where(priority <= 0.0))
    yield _lost("too-alike", f"Its {filling.placement.diverse} is shown already.", filling.alike)
    if filling.drawn:
        yield from _beaten(filling.drawn, priority, situation.live.catalogue.tiers)


def _beaten(drawn: Sequence[int], priority: Vector, tiers: NDArray[np.int64]) -> Iterator[Knockout]:
    """Those who were in the running to the end: beaten by a tier, by chance, or by priority.

    Slots go tier by tier, so whoever is left was up against what was drawn of the last tier.
    """
    tier = tiers[drawn[-1]]
    lowest = min(float(priority[action]) for action in drawn if tiers[action] == tier)
    passed = f"Ranks higher, but exploration chose one of priority {_said(lowest)}."
    yield _lost("lower-tier", f"Tier {tier} comes first.", mask_where(tiers < tier))
    yield _lost("passed-over", passed, mask_where(priority > lowest))
    outranked = f"Ranks below the last one chosen, of priority {_said(lowest)}."
    yield _lost("outranked", outranked, mask_where(priority <= lowest))


def _lost(code: Code, text: str, mask: int) -> Knockout:
    return Knockout("arbitration", code, code, text, mask)


def _said(number: float) -> str:
    return said(number, ".2f", ".2e")
