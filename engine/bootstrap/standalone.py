"""What is asked of models or of a catalogue alone, whether or not there is a house."""

from __future__ import annotations

import time
from pathlib import Path

from engine.catalogue.trials import Trial
from engine.directory import check_directory
from engine.models.beta import UNTRAINED
from engine.registry import Registry
from engine.services.live.models import RegisteredModels
from engine.services.live.standing import listed
from engine.services.live.trials import run
from engine.situation import PROPENSITY, bound
from engine.store import open_store
from engine.wire.models import ModelsReply


def list_models(data: Path, redis_url: str | None) -> ModelsReply:
    """The models of a house, whether or not it has a catalogue; `serving` is whom the aliases mean.

    Where none was ever kept no store is opened: an embedded one would make a house of whatever
    directory this is. Raises Misconfigured, StoreUnavailable, StateUnknown, ModelRefused.
    """
    if not Registry(data).names():
        return ModelsReply([])
    with open_store(redis_url, data) as store:
        models = RegisteredModels(Registry(data, store))
        return listed(models, {PROPENSITY: models.routing().champion or UNTRAINED.version})


def run_trials(
    directory: Path, data: Path | None, rules: str | None = None
) -> list[tuple[Trial, list[str]]]:
    """The tests beside the rules of `directory`, each with what did not hold.

    `data`: the models that would serve; None: the untrained prior. Raises CatalogueRefused.
    """
    catalogue = check_directory(directory, rules)
    models = RegisteredModels(Registry(data or directory))
    live = bound(catalogue, models.load(models.routing().champion if data else None))
    now = time.time_ns() // 1_000_000
    return [(trial, run(trial, live, now)) for trial in catalogue.tests]
