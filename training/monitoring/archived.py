"""The archive of a house as traffic to watch."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from engine.archive.reading import Archive
from engine.catalogue import Catalogue
from engine.domain import Events, Facts, Value
from engine.errors import NotFound
from engine.facts import unpack_facts
from training.experience import read_experience
from training.monitoring.traffic import Mask, Traffic

_COLUMNS = [
    "subject",
    "at",
    "decision_id",
    "channel",
    "placement",
    "action",
    "rank",
    "propensity",
    "selection_probability",
    "fallback",
    "mode",
    "facts",
]
_KEY = ["decision_id", "action"]


def read_traffic(
    data: Path,
    catalogue: Catalogue,
    *,
    now: int,
    since: date | None = None,
    until: date | None = None,
) -> Traffic:
    """What was decided live from `since` to `until` (UTC dates, both included), answered as far
    as attribution windows had closed at `now` (ms).

    Inputs are what the catalogue declares and does not call personal, as `customer.plan` and
    `context.page`, and channel and placement; they are kept of what was shown, but for
    customers who refused personalisation. Raises NotFound where there is nothing to watch.
    """
    decided = Archive(data).decisions(since, until, _COLUMNS).to_pandas()
    rows = decided[decided["mode"] == "live"]
    if not rows["facts"].fillna(b"").astype(bool).any():
        raise NotFound(
            f"the archive in {data / 'archive'} holds no live decision of those dates with the "
            "facts it was made from: there is nothing to watch yet"
        )
    rows = rows.assign(at=rows["at"].dt.as_unit("ms").astype("int64"))
    rows = rows.sort_values(["at", "decision_id", "placement", "rank"], ignore_index=True)
    known = rows["facts"].fillna(b"").astype(bool).to_numpy(np.bool_)
    answers = _answers(data, catalogue, now, since, until)
    rows = rows.merge(answers, "left", _KEY)
    return Traffic(
        inputs=_inputs(rows, known, catalogue),
        at=rows["at"].to_numpy(np.int64),
        subjects=pd.factorize(rows["subject"])[0].astype(np.int64),
        actions=rows["action"].to_numpy(np.str_),
        promised=rows["propensity"].to_numpy(np.float64),
        answered=rows["answered"].to_numpy(np.float64),
        meant=rows["meant"].to_numpy(np.float64),
        chances=rows["selection_probability"].to_numpy(np.float64),
        fallback=rows["fallback"].to_numpy(np.float64),
        known=known,
        asked=tuple(sorted(_name(*one) for one in catalogue.asked if _kept(*one, catalogue))),
    )


def _answers(
    data: Path, catalogue: Catalogue, now: int, since: date | None, until: date | None
) -> pd.DataFrame:
    """Of the actions whose window has closed: whether they were answered, 0 or 1, and what that
    was worth, which is what is promised."""
    try:
        known = read_experience(data, catalogue, now=now, since=since, until=until)
    except NotFound:  # all of it is too fresh; inputs can be watched all the same
        return pd.DataFrame(dict.fromkeys((*_KEY, "answered", "meant"), ()), dtype=object)
    rewards = known.table.labels
    return pd.DataFrame(
        {
            "decision_id": known.decisions,
            "action": [action.id for action in known.table.actions],
            "answered": (rewards > 0.0).astype(np.float64),
            "meant": rewards,
        }
    )


def _inputs(rows: pd.DataFrame, known: Mask, catalogue: Catalogue) -> pd.DataFrame:
    """A column for each declared attribute, whether anybody has it or not."""
    unpacked = lru_cache(maxsize=8)(unpack_facts)  # the rows of a decision stand together
    nothing = Facts({}, {}, Events(), "", 0)
    facts = [
        unpacked(packed) if there else nothing
        for packed, there in zip(rows["facts"], known, strict=True)
    ]
    declared = [
        *(("customer", name) for name in catalogue.scope.customer),
        *(("context", name) for name in catalogue.scope.context),
    ]
    columns = {
        _name(*one): [_value(known, *one) for known in facts]
        for one in declared
        if _kept(*one, catalogue)
    }
    places = {name: rows[name].to_numpy() for name in ("channel", "placement")}
    return pd.DataFrame({**columns, **places})


def _value(known: Facts, root: str, name: str) -> Value | None:
    return (known.customer if root == "customer" else known.context).get(name)


def _kept(root: str, name: str, catalogue: Catalogue) -> bool:
    """Is it in the archive? What is personal never is."""
    return not catalogue.scope.attribute(root, name).personal


def _name(root: str, name: str) -> str:
    return f"{root}.{name}"
