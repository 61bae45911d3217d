"""What a simulation asks of an engine, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from training.simulation.world import Person, Visit


class Offer(NamedTuple):
    """What somebody was shown: `action` "" for the fallback, with the engine's own numbers."""

    decision_id: str
    action: str
    propensity: float = 0.0
    probability: float = 1.0


class House(Protocol):
    """An engine with its customers."""

    def welcome(self, people: Iterable[Person]) -> None:
        """Tell it of customers."""
        ...

    def decide(self, visit: Visit, person: Person) -> Offer:
        """Ask what to show somebody who comes by."""
        ...

    def accepted(self, visit: Visit, person: Person, offer: Offer) -> None:
        """Tell it that they said yes."""
        ...
