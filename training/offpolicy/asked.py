"""What `teller evaluate` was asked for, in words, made into policies and answered."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.catalogue import Catalogue
from engine.directory import check_directory
from engine.errors import Misconfigured
from engine.models.beta import UNTRAINED
from engine.registry import ALIASES, Registry
from engine.rules.times import duration_ms
from engine.store import open_store
from training.offpolicy.assess import Choices, assess, assess_slates
from training.offpolicy.candidates import Candidates
from training.offpolicy.house import counting
from training.offpolicy.logged import Logged, Vector
from training.offpolicy.mapping import (
    Columns,
    Known,
    number,
    read_columns,
    read_frame,
    text_columns,
    to_facts,
    to_log,
    to_slates,
)
from training.offpolicy.report import Evaluation, in_both
from training.offpolicy.rewards import Kind
from training.offpolicy.targets import Target, constant, given, mistaken, of_model, uniform
from training.offpolicy.traffic import read_traffic
from training.offpolicy.worth import arbitrated, valued


class House(NamedTuple):
    """Where a house's own traffic is."""

    catalogue: Path | None
    data: Path
    redis_url: str | None
    rules: str | None

    def declared(self) -> Catalogue | None:
        """Its catalogue, if a directory is named. Raises CatalogueRefused, Misconfigured."""
        return None if self.catalogue is None else check_directory(self.catalogue, self.rules)


class Table(NamedTuple):
    """A log as it was read from a file, with what is needed to ask a model about its rows."""

    log: Logged
    frame: pd.DataFrame
    columns: Columns
    catalogue: Catalogue | None
    registry: Registry


class Asked(NamedTuple):
    """`policies` as on the command line; `floor` of exploration for models; `constants` is how
    many of the most shown actions are baselines."""

    policies: tuple[str, ...]
    floor: float
    rewards: Kind
    constants: int
    resamples: int
    seed: int

    def evaluate(self, data: Path, mapping: Path | None, house: House) -> Evaluation:
        """The evaluation on a file, models being looked up in the house; in worth where the mapping
        says what answers are worth, and in rewards. Cells are read as its catalogue declares them,
        if there is one, where a model is to look at them.

        Raises Misconfigured, CatalogueRefused, NotFound and ModelRefused, in words for whoever
        typed the command.
        """
        if mapping is None:
            raise Misconfigured(f"--mapping says which column of {data} is what: give one")
        columns = read_columns(mapping)
        looks = any(word.startswith("model:") for word in self.policies)
        catalogue = house.declared() if looks else None
        frame = read_frame(data, text_columns(columns, catalogue))
        log = to_log(frame, columns)
        table = Table(log, frame, columns, catalogue, Registry(house.data))
        targets = [self._target(word, table) for word in self.policies]
        choices = Choices(
            self.rewards, self.resamples, self.seed, columns.reward_range or _range(log)
        )
        slates = to_slates(frame, columns)

        def found(log: Logged, choices: Choices) -> Evaluation:
            if slates is not None:
                return assess_slates(log, slates, targets, choices)
            return assess(log, targets, self._baselines(log), choices)

        values = _values(log, columns)
        if (values == 1.0).all():
            return found(log, choices)
        dear = replace(choices, reward_range=_worth_range(choices.reward_range, values))
        return in_both(found(valued(log, values), dear), found(log, choices))

    def evaluate_house(self, house: House, within: str | None, latest: int) -> Evaluation:
        """The evaluation on a house's own decisions, in worth and in rewards, beside what its
        catalogue earns as it is, and with no model.

        Raises Misconfigured, CatalogueRefused, NotFound, ModelRefused, StoreUnavailable.
        """
        if house.catalogue is None:
            raise Misconfigured("no LOG and no catalogue: give --catalogue DIR, or a LOG")
        with open_store(house.redis_url, house.data) as store:
            models = Registry(house.data, store)
            candidates = Candidates(house.catalogue, models, house.rules)
            named = [candidates.named(word) for word in self.policies]
            window = _window(within, candidates.catalogue.strategy.attribution)
            now = time.time_ns() // 1_000_000
            traffic = read_traffic(store.log, now=now, window=window, most=latest)
            choices = Choices(self.rewards, self.resamples, self.seed)
            baselines = [
                candidates.under("as it is", candidates.catalogue),
                candidates.of_model("no model", UNTRAINED),
            ]
            found = counting(traffic, named, baselines, choices)
            worth = arbitrated(traffic, candidates.catalogue).rewards
            return in_both(found(worth), found(traffic.rewards))

    def _baselines(self, log: Logged) -> list[Target]:
        """The actions shown most, in order of their names; chosen by no reward."""
        times = np.bincount(log.actions, minlength=len(log.names))
        most = sorted(np.argsort(-times, kind="stable")[: self.constants].tolist())
        wanted = [f"constant:{log.names[action]}" for action in most]
        return [
            constant(log, name.partition(":")[2]) for name in wanted if name not in self.policies
        ]

    def _target(self, word: str, table: Table) -> Target:
        kind, _, rest = word.partition(":")
        if kind == "uniform" and not rest:
            return uniform(table.log)
        if kind == "constant" and rest:
            return constant(table.log, rest)
        if kind == "column" and rest:
            return given(word, number(table.frame, rest))
        if kind == "model" and rest:
            return self._model(word, rest, table)
        raise Misconfigured(
            f"policy {word!r}: say constant:ACTION, uniform, column:NAME or model:NAME"
        )

    def _model(self, word: str, rest: str, table: Table) -> Target:
        log, frame, columns, catalogue, registry = table
        name, _, version = rest.partition("@")
        alias = version or "champion"
        digest = registry.resolve(name, alias) if alias in ALIASES else alias
        model, facts = registry.load(name, digest), to_facts(frame, columns, catalogue)
        if wrong := mistaken(model, facts):
            raise Misconfigured(
                f"{word} was taught words in {wrong}, and the file has numbers there: give "
                "--catalogue DIR, which declares what it is"
            )
        return of_model(
            log, word, model, columns.described(log.names, catalogue), facts,
            _values(log, columns), floor=self.floor,
        )  # fmt: skip


def _values(log: Logged, columns: Columns) -> Vector:
    """What an answer to each of the log's actions is worth, as the mapping says it."""
    return np.array([columns.actions.get(name, Known()).value for name in log.names])


def _window(within: str | None, attribution: int) -> int:
    """In ms. What is told of answers that came later than `attribution` is that they earned
    nothing, so a window may be shorter and not longer."""
    if within is None:
        return attribution
    try:
        window = duration_ms(within)
    except ValueError as error:
        raise Misconfigured(f"--within {within}: {error}") from error
    if not 0 < window <= attribution:
        raise Misconfigured(
            f"--within {within} must be above zero, and no longer than the catalogue's "
            "attribution: what came later was not counted when it came"
        )
    return window


def _worth_range(rewards: tuple[float, float] | None, values: Vector) -> tuple[float, float] | None:
    """What bounds reward × value, where something bounds rewards."""
    if rewards is None:
        return None
    ends = np.multiply.outer(rewards, values)
    return float(ends.min()), float(ends.max())


def _range(log: Logged) -> tuple[float, float] | None:
    """Rewards of 0 and 1 are bounded by what they are; of others nobody knows."""
    return (0.0, 1.0) if np.isin(log.rewards, (0.0, 1.0)).all() else None
