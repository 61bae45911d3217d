"""One policy through one stream of visits: what it showed, and what that was truly worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.catalogue import Catalogue
from engine.errors import Misconfigured
from training.simulation.house import House, Offer
from training.simulation.world import Person, Vector, Visit, World, answers


class Shown(NamedTuple):
    """A visit, what was shown, how likely the visitor truly was to answer, and whether they did."""

    visit: Visit
    person: Person
    offer: Offer
    chance: float
    answered: bool


@dataclass(frozen=True)
class Run:
    """`worth`: what the engine arbitrates, with the true chance in place of the propensity, a
    visit. `promised` and `true`: propensities and true chances at the end of it, of the same
    shape. `log`: a row a visit, as a house would export it."""

    policy: str
    seed: int
    worth: Vector
    answered: NDArray[np.bool_]
    fallback: NDArray[np.bool_]
    promised: Vector
    true: Vector
    log: Sequence[Mapping[str, object]]


def play(world: World, stream: Iterable[Visit], house: House) -> Iterator[Shown]:
    """Everyone who comes by is decided for, and answers by the truth; yields as it goes."""
    place = {action: number for number, action in enumerate(world.actions)}
    for visit in stream:
        person = world.people[visit.person]
        offer = house.decide(visit, person)
        chance, answered = 0.0, False
        if offer.action:
            if offer.action not in place:
                raise Misconfigured(
                    f"the engine showed {offer.action!r}, of which this world knows nothing: does "
                    "it serve the world's catalogue?"
                )
            chance = float(world.truth(visit.person, visit.day)[place[offer.action]])
            answered = answers(visit, offer.action, chance)
            if answered:
                house.accepted(visit, person, offer)
        yield Shown(visit, person, offer, chance, answered)


class Worth:
    """What showing an action is worth at a chance: the catalogue's terms, and nothing learnt."""

    def __init__(self, catalogue: Catalogue, world: World) -> None:
        """Raises Misconfigured where it depends on the customer."""
        worth = catalogue.strategy.static.worth
        self._worth = {id: float(worth[catalogue.index[id]]) for id in world.actions}
        self._cost = catalogue.strategy.contact_cost.get(world.channel, 0.0)
        if strange := [id for id, value in self._worth.items() if not np.isfinite(value)]:
            raise Misconfigured(
                f"what {strange[0]!r} is worth depends on the customer: a simulation needs a number"
            )

    def __call__(self, shown: Shown) -> float:
        """Of the fallback nothing."""
        if not shown.offer.action:
            return 0.0
        return shown.chance * self._worth[shown.offer.action] - self._cost


def run(
    policy: str,
    seed: int,
    shown: Iterable[Shown],
    worth: Callable[[Shown], float],
    compared: Callable[[], tuple[Vector, Vector]],
) -> Run:
    """The figures of a stream of visits as it is played; `compared` gives `promised` and `true`
    once it has been."""
    rows = list(shown)
    return Run(
        policy,
        seed,
        np.array([worth(one) for one in rows]),
        np.array([one.answered for one in rows]),
        np.array([not one.offer.action for one in rows]),
        *compared(),
        log=[_logged(one) for one in rows],
    )


def _logged(one: Shown) -> dict[str, object]:
    """A row as a house would export it; the truth is not in it."""
    lists = {
        k: " ".join(map(str, v)) for k, v in one.person.attributes.items() if isinstance(v, list)
    }
    return {
        "at": one.visit.at,
        "customer": one.person.customer_id,
        "action": one.offer.action,
        "promised": one.offer.propensity if one.offer.action else None,
        "chance": one.offer.probability if one.offer.action else None,
        "answered": float(one.answered) if one.offer.action else None,
        "fallback": float(not one.offer.action),
        **one.person.attributes,
        **lists,
    }
