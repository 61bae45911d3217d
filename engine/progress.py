"""How far a learner has come in the partitions' logs. It must not know what is learned."""

from __future__ import annotations

from msgspec import Struct

from engine.patience import SHARES

START = "0-0"


class Progress(Struct):
    """Kept with what was learned, so that both are of one moment.

    `heard` and `counted`: by partition, the last entry whose answers, and whose offers, are in;
    the latter of the first share of offers, and `later` of the others (`patience`). `delays`: how
    long (ms) the latest answers took. `rewards`: by decision and action what an offer was taken to
    be worth so far, None where it is known to have reached nobody; `void`: decisions that did.
    `weight` is the answers learned, less what was forgotten; `fresh` those since the last
    snapshot; `day` (days since the epoch) of the last forgetting; `instructed`: the model it was
    told of first. `versions`: snapshots, and when (ms) each last served.
    """

    heard: dict[int, str] = {}
    counted: dict[int, str] = {}
    later: list[dict[int, str]] = []
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
        """A checkpoint from before there were shares counted all of them together."""
        self.later = self.later or [dict(self.counted) for _ in range(SHARES - 1)]

    def reached(self, share: int) -> dict[int, str]:
        """By partition, the last entry whose offers of a share are in."""
        return self.later[share - 1] if share else self.counted

    def slowest(self) -> dict[int, str]:
        """By partition, the last entry whose offers are in, whatever their share."""
        shares = self.counted, *self.later
        return {of: min((one.get(of, START) for one in shares), key=order) for of in self.counted}


def order(entry: str) -> tuple[int, int]:
    """Where an entry of that id stands in its partition's log: when it was written (ms), and which
    of that moment it is."""
    ms, _, n = entry.partition("-")
    return int(ms), int(n)
