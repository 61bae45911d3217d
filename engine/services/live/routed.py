"""The lives of a house: the champion's, and where there are any the challenger's and a shadow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from engine.catalogue import Catalogue
from engine.errors import ModelRefused, NotFound
from engine.models.base import Model
from engine.models.routing import Alias, Routing
from engine.plan import DecisionRequest
from engine.services.live.shadow import Shadow
from engine.services.ports import Models, Watch
from engine.situation import Live, bound

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Routed:
    """`live` decides for everyone, or says who does; `shadow`, if any, predicts along. `shares`:
    of all customers, by alias and version (the learner's by that name)."""

    live: Live
    shadow: Shadow | None
    shares: Mapping[tuple[Alias, str], float]


def routed(catalogue: Catalogue, routing: Routing, models: Models, watch: Watch) -> Routed:
    """The catalogue with all the models of a routing.

    A challenger or shadow that does not load is left out, which is said: it must not keep a
    champion from being replaced. Raises ModelRefused or NotFound for the champion.
    """
    champion = models.load(routing.champion)
    challenger = _other("challenger", routing.challenger, models)
    shadowing = _other("shadow", routing.shadow, models)
    beside = [one for one in (champion, challenger, shadowing) if one is not None]
    shadow = Shadow(shadowing.bind(catalogue.actions), watch) if shadowing else None
    live = bound(catalogue, champion, beside)
    followed = replace(live, predictor=shadow.along(live.predictor)) if shadow else live
    shares: dict[tuple[Alias, str], float] = {("champion", routing.told(champion.version)): 1.0}
    if shadowing:  # predicts, and decides for nobody
        shares["shadow", routing.told(shadowing.version)] = 0.0
    other = bound(catalogue, challenger, beside) if challenger else None
    if challenger:
        shares["champion", routing.told(champion.version)] = 1.0 - routing.share
        shares["challenger", routing.told(challenger.version)] = routing.share

    def route(request: DecisionRequest) -> Live:
        if other and routing.challenged(request.customer_id):
            return other
        return followed if request.mode == "live" else live  # of what people get, not bots

    return Routed(replace(live, route=route) if shadow or other else live, shadow, shares)


def _other(alias: Alias, digest: str | None, models: Models) -> Model | None:
    if digest is None:
        return None
    try:
        return models.load(digest)
    except (ModelRefused, NotFound) as error:
        _log.error(f"{alias} left out", error=str(error))
        return None
