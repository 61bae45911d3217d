"""Contact policies that can keep nothing out: what they name is there, but never together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.catalogue.faults import Faults, Located
from engine.catalogue.placements import Placement
from engine.catalogue.shape import ContactSpec
from engine.domain import Action, Selector
from engine.rules.limits import KeepOut, Policy
from engine.rules.selecting import Fleet

_EVERYTHING = Selector()


def warn_idle(
    policies: Sequence[Policy],
    located: Mapping[str, Located[ContactSpec]],
    actions: Sequence[Action],
    placements: Iterable[Placement],
    faults: Faults,
) -> None:
    """Warn of each policy, `located` by its id, that no action fits in any placement."""
    fleet, places = Fleet(actions), list(placements)
    for policy in policies:
        at = located[policy.id]
        key = "keep_out" if isinstance(policy, KeepOut) else "applies"
        selector = policy.keep_out if isinstance(policy, KeepOut) else policy.applies
        if selector == _EVERYTHING or _fits(selector, fleet, places):
            continue
        what = f"`{policy.id}` keeps nothing out: no action fits all that `{key}` names"
        hint = "an action fits by a treatment for such a placement, on such a channel"
        faults.warn(at, (key,), what, hint)


def _fits(selector: Selector, fleet: Fleet, places: Iterable[Placement]) -> bool:
    """Whether an action that `selector` speaks about can be shown where it speaks about."""
    selected = fleet.selected(selector)
    return any(
        selected & place.mask
        for place in places
        if not selector.placement or place.id in selector.placement
        if not selector.channel or place.channel in selector.channel
    )
