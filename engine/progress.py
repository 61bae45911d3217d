"""How far a learner has come in the partitions' logs. It must not know what is learned."""

from __future__ import annotations

from msgspec import Struct, field

from engine.patience import SHARES

START = "0-0"


class Progress(Struct):
    """Kept with what was learned, so that both are of one moment.

    `heard`: by partition, the last entry whose answers are in; `counted`: of each share of offers
    (`patience`), by partition, the last entry whose offers are. `delays`: how
    long (ms) the latest answers took. `rewards`: by decision and action what an offer was taken to
    be worth so far, None where it is known to have reached nobody; `void`: decisions that did.
    `weight` is the answers learned, less what was forgotten; `fresh` those since the last
    snapshot; `day` (days since the epoch) of the last forgetting; `instructed`: the model it was
    told of first. `versions`: snapshots, and when (ms) each last served.
    """

    heard: dict[int, str] = {}
    counted: list[dict[int, str]] = field(default_factory=lambda: [{} for _ in range(SHARES)])
    delays: list[int] = []
    rewards: dict[str, dict[str, float | None]] = {}
    void: set[str] = set()
    answers: int = 0
    weight: float = 0.0
    fresh: int = 0
    day: int = 0
    instructed: str = ""
    versions: dict[str, int] = {}

    def __post_init__(self) -> None:
        if len(self.counted) != SHARES:
            raise ValueError(f"offers of {len(self.counted)} shares where {SHARES} belong")

    def slowest(self) -> dict[int, str]:
        """By partition, the last entry whose offers are in, whatever their share."""
        of = {partition for one in self.counted for partition in one}
        return {at: min((one.get(at, START) for one in self.counted), key=order) for at in of}


def order(entry: str) -> tuple[int, int]:
    """Where an entry of that id stands in its partition's log: when it was written (ms), and which
    of that moment it is."""
    ms, _, n = entry.partition("-")
    return int(ms), int(n)
