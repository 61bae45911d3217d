"""The archive as a training table: what was offered to whom, and what came of it.

Left out: fallbacks, previews, answers given again, decisions that reached nobody (voided, not
sent, bounced), customers who were erased or refused personalisation, and decisions whose
attribution window is still open: an answer may yet come, so nobody may call it a "no".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.archive.reading import Archive
from engine.catalogue import Catalogue
from engine.domain import Action, Facts, Kind
from engine.errors import NotFound
from engine.facts import unpack_facts
from engine.learn import UNSEEN
from engine.situation import PROPENSITY
from training.dataset import Examples, Mask

Numbers = NDArray[np.float64]

_DECISIONS = [
    "subject",
    "at",
    "decision_id",
    "placement",
    "action",
    "kind",
    "rank",
    "propensity",
    "selection_probability",
    "fallback",
    "mode",
    "models",
    "facts",
]
_ANSWERS = ["decision_id", "action", "at", "type", "reward"]
_KEY = ["decision_id", "action"]  # a decision never shows one action twice


@dataclass(frozen=True)
class Experience:
    """One row for each action shown in a live decision whose attribution window has closed.

    `table`: facts as of the decision, labels (the sum of the rewards within the window, 1 at
    most), weights of 1, subjects (customers merged since are one).
    `probabilities`: with which the policy chose it, given the slots before. `propensities`: as
    served. `slots`: place within the placement, from 1. `models`: the digest of the propensity
    model that served. Rows are in order of time.
    """

    table: Examples
    probabilities: Numbers
    propensities: Numbers
    decisions: Sequence[str]
    slots: NDArray[np.int64]
    placements: Sequence[str]
    models: Sequence[str]

    def __len__(self) -> int:
        return len(self.table)

    def where(self, mask: Mask) -> Experience:
        """The rows a boolean mask keeps."""
        return Experience(
            self.table.where(mask),
            self.probabilities[mask],
            self.propensities[mask],
            _kept(self.decisions, mask),
            self.slots[mask],
            _kept(self.placements, mask),
            _kept(self.models, mask),
        )


def read_experience(
    data: Path,
    catalogue: Catalogue,
    *,
    now: int,
    since: date | None = None,
    until: date | None = None,
) -> Experience:
    """What the archive in `data` says of decisions made from `since` to `until` (UTC dates, both
    included) whose window, the catalogue's `attribution`, had closed at `now` (ms).

    The archive is taken to be complete up to `now`. Raises NotFound, saying what is missing,
    where there is nothing to learn from; ArchiveUnusable.
    """
    archive = Archive(data)
    window = catalogue.strategy.attribution
    decided = archive.decisions(since, until, _DECISIONS).to_pandas()
    shown = _shown(decided, now - window, data)
    answers = archive.interactions(since, None, _ANSWERS).to_pandas()
    answered = _answered(shown, answers[answers["decision_id"] != ""], window)
    people = _people(archive.changes(None, None, ["subject", "what", "data"]).to_pandas())
    return _experience(answered, catalogue, people)


def _shown(decided: pd.DataFrame, closed: int, data: Path) -> pd.DataFrame:
    """The rows to learn from, in order of time. Raises NotFound when there is none."""
    live = (decided["action"] != "") & (decided["mode"] == "live") & ~decided["fallback"]
    offers = decided[live & decided["facts"].fillna(b"").astype(bool)]
    offers = offers.assign(at=offers["at"].dt.as_unit("ms").astype("int64"))
    shown = offers[offers["at"] <= closed]
    if not len(shown):
        raise NotFound(_missing(len(decided), int(live.sum()), len(offers), data))
    return shown.sort_values(["at", "decision_id", "placement", "rank"], ignore_index=True)


def _missing(decided: int, live: int, offers: int, data: Path) -> str:
    if not decided:
        return (
            f"the archive in {data / 'archive'} holds no decision of those dates; `teller serve` "
            "writes it where `teller[archive]` is installed, about ten seconds behind"
        )
    if not live:
        return f"none of the {decided:,} archived decisions offered anything to a customer, live"
    if not offers:
        return (
            f"none of the {live:,} offers in the archive has the facts it was made from: they "
            "were archived by an older version, or to customers who refused personalisation"
        )
    return (
        f"the attribution window of all {offers:,} offers is still open: wait for it to close, "
        "or shorten `attribution` in the catalogue's strategy"
    )


def _answered(shown: pd.DataFrame, answers: pd.DataFrame, window: int) -> pd.DataFrame:
    """With `reward`, the sum within the window; without what is known to have reached nobody."""
    unseen = answers.loc[answers["type"].isin(sorted(UNSEEN)), _KEY].drop_duplicates()
    said = shown.merge(unseen.assign(unseen=True), "left", _KEY)
    seen = said[said.pop("unseen").isna()]
    at = answers["at"].dt.as_unit("ms").astype("int64")
    timed = answers.drop(columns="at").assign(answered=at).merge(seen[[*_KEY, "at"]], "inner", _KEY)
    within = timed[timed["answered"] - timed["at"] <= window]
    # As the learner counts them: nobody makes an offer worth more by answering it over and over.
    sums = within.groupby(_KEY)["reward"].sum().clip(upper=1.0).rename("reward").reset_index()
    return seen.merge(sums, "left", _KEY).fillna({"reward": 0.0})


def _people(changes: pd.DataFrame) -> Mapping[str, str]:
    """Subject -> the subject it became part of, followed to the end."""
    merges = changes[changes["what"] == "merge"]
    into = {
        json.loads(data)["subject"]: subject
        for subject, data in zip(merges["subject"], merges["data"], strict=True)
    }
    return {one: _last(one, into) for one in into}


def _last(subject: str, into: Mapping[str, str]) -> str:
    seen = {subject}
    while (following := into.get(subject, subject)) not in seen:
        seen.add(following)
        subject = following
    return subject


def _experience(rows: pd.DataFrame, catalogue: Catalogue, people: Mapping[str, str]) -> Experience:
    subjects = rows["subject"].map(lambda one: people.get(one, one))
    table = Examples(
        list(_facts(rows)),
        [_action(catalogue, *said) for said in zip(rows["action"], rows["kind"], strict=True)],
        rows["reward"].to_numpy(np.float64),
        rows["at"].to_numpy(np.int64),
        np.ones(len(rows)),
        pd.factorize(subjects)[0].astype(np.int64),
    )
    return Experience(
        table,
        rows["selection_probability"].to_numpy(np.float64),
        rows["propensity"].to_numpy(np.float64),
        rows["decision_id"].tolist(),
        rows["rank"].to_numpy(np.int64),
        rows["placement"].tolist(),
        [_digest(models) for models in rows["models"]],
    )


def _facts(rows: pd.DataFrame) -> Iterator[Facts]:
    """The rows of one decision share one object, which is then encoded once."""
    unpacked = lru_cache(maxsize=8)(unpack_facts)
    return map(unpacked, rows["facts"])


def _action(catalogue: Catalogue, id: str, kind: str) -> Action:
    """As declared; one that has left the catalogue is known by its kind alone."""
    number = catalogue.index.get(id)
    if number is None:
        return Action(id, msgspec.convert(kind, Kind), None, None)
    return catalogue.actions[number]


@lru_cache(maxsize=1024)
def _digest(models: str) -> str:
    return str(json.loads(models).get(PROPENSITY, ""))


def _kept(values: Sequence[str], mask: Mask) -> list[str]:
    return [values[i] for i in np.flatnonzero(mask).tolist()]
