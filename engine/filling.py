"""Filling a placement, slot by slot, each slot seeing what the earlier ones took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.arbitration import Vector, contenders
from engine.catalogue import Placement, RenderFailed
from engine.domain import Knockout
from engine.exploration import Posterior, foremost, pick
from engine.hashing import uniform
from engine.plan import Ranked
from engine.rules.policy import standing
from engine.situation import Situation

HEAD = 10

Choose = Callable[[NDArray[np.intp], NDArray[np.float64], str, str], int | None]
"""Of the actions in contest for a slot and their chances, the index of the one that gets it;
None leaves it and those after it empty. Told the decision's id, and the slot as
`<placement>/<rank>`."""


class Pick(Struct, frozen=True):
    """An action chosen for a slot: its exact chance, the best it was up against, its content."""

    action: int
    chance: float
    best: int
    content: dict[str, Any]


class Filling(Struct, frozen=True):
    """What a placement got, and what the explanation of the others needs.

    `drawn` are the picks and whatever was drawn but could not be shown. `knockouts` are every
    policy's, in stage order, as at the last slot. `taken` are the actions other placements
    of the request had, `alike` those too like one chosen here.
    """

    placement: Placement
    picks: tuple[Pick, ...]
    drawn: tuple[int, ...]
    knockouts: tuple[Knockout, ...]
    taken: int
    alike: int
    ranking: tuple[Ranked, ...]

    @property
    def mask(self) -> int:
        """The chosen actions."""
        return sum(1 << pick.action for pick in self.picks)


def draw(
    contest: NDArray[np.intp],  # noqa: ARG001 - only their chances count
    chances: NDArray[np.float64],
    decision_id: str,
    slot: str,
) -> int:
    """Chance decides: a draw derived from the decision's id and the slot."""
    return pick(chances, uniform(decision_id, slot))


def fill(
    placement: Placement,
    slots: int,
    situation: Situation,
    taken: int,
    decision_id: str,
    choose: Choose = draw,
) -> Filling:
    """Choose up to `slots` actions; fewer when nothing more is worth the attention it costs.

    The chance of each pick is exact and conditional on the earlier ones (I15); its draw
    derives from the decision's id, the placement and the rank. Content that cannot be
    rendered leaves its slot empty: drawing again would change the odds of the others.
    """
    lacking = situation.unshowable(placement.id)
    able = standing(placement.mask & situation.standing & ~taken, lacking)
    picks: list[Pick] = []
    failed: list[Knockout] = []
    ranking: tuple[Ranked, ...] = ()
    drawn: list[int] = []
    alike = gone = 0
    for rank in range(1, slots + 1):
        contact = situation.check.knockouts(placement.id)
        contest = _contest(standing(able & ~alike & ~gone, contact), situation)
        if not len(contest):
            break
        stakes = situation.priority[contest]
        if rank == 1:
            ranking = _head(placement.id, contest, stakes, situation)
        slot = f"{placement.id}/{rank}"
        chances = situation.method.probabilities(
            stakes, _posterior(contest, situation, decision_id, slot)
        )
        at = choose(contest, chances, decision_id, slot)
        if at is None:
            break
        action = contest.item(at)
        drawn.append(action)
        gone |= 1 << action
        try:
            content = placement.treatments[action].render(situation.facts, situation.evaluation)
        except RenderFailed as error:
            failed.append(_failure(error, action))
            continue
        best = contest.item(stakes.argmax())
        picks.append(Pick(action, chances.item(at), best, content))
        situation.check.take(action, placement.id)
        alike |= _alike(placement, action, situation)
    knockouts = (*situation.barred, *lacking, *failed, *contact)
    return Filling(placement, tuple(picks), tuple(drawn), knockouts, taken, alike & ~gone, ranking)


def _failure(error: RenderFailed, action: int) -> Knockout:
    return Knockout("engagement", "content-failed", "content-failed", str(error), 1 << action)


def _contest(rivals: int, situation: Situation) -> NDArray[np.intp]:
    return contenders(rivals, situation.priority, situation.live.tiers)


def _posterior(
    contest: NDArray[np.intp], situation: Situation, decision_id: str, slot: str
) -> Posterior | None:
    if situation.scales is None:
        return None
    return Posterior(situation.scales[contest], f"{decision_id}/{slot}")


def _alike(placement: Placement, action: int, situation: Situation) -> int:
    """What `diverse` rules out once this action is chosen; one without a group is like no other."""
    if placement.diverse is None:
        return 0
    key = getattr(situation.live.catalogue.actions[action], placement.diverse)
    return situation.live.fleet.mask(placement.diverse, key) if key else 0


def _head(
    placement_id: str, contest: NDArray[np.intp], stakes: Vector, situation: Situation
) -> tuple[Ranked, ...]:
    """The first few of the contest by priority, ties by action id, before anything is drawn."""
    first = foremost(stakes, HEAD)
    found = contest[first]
    actions = situation.live.catalogue.actions
    rows = zip(
        found.tolist(), situation.propensities[found].tolist(), stakes[first].tolist(), strict=True
    )
    return tuple([Ranked(placement_id, actions[i].id, chance, stake) for i, chance, stake in rows])
