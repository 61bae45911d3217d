"""A house that has decided for a while, and the commands as typed in it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner, Result

from engine.archive.opening import Keeping
from engine.cli import main
from engine.facts import disclosed
from engine.registry import Registry
from engine.store import Store
from tests.archive.builders import keep_all
from tests.training.houses import PLANS, World, knowing

DAY = 86_400_000


BEST = dict(zip(PLANS, ("a", "b"), strict=True))


class House(NamedTuple):
    """A house that has decided for a while without a model, and its registry."""

    data: Path
    catalogue: Path
    url: str
    world: World
    registry: Registry

    def run(self, command: str, *words: str) -> Result:
        house = ["--data", str(self.data), "--redis", self.url]
        return CliRunner().invoke(main, [command, *house, *words])

    def promote(self, *words: str) -> Result:
        return self.run("promote", "--catalogue", str(self.catalogue), "propensity", *words)

    def publish(self, turned: float = 1.0, **metadata: object) -> str:
        artefact = knowing(turned)
        return self.registry.publish("propensity", "logistic", artefact, metadata)


def lived(house: House, store: Store, decisions: int) -> None:
    """So many decisions, in the logs and in the archive, whose customers go by the same digests in
    every run: by their order intervals are drawn."""
    house.world.live_through(decisions)
    known = disclosed(house.world.catalogue)
    keep_all(Keeping(store.log, house.data, "", lambda: known, bytes(32)))
