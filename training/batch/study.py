"""A model, and all that is known of how good it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from training.batch.importance import Importance
from training.batch.slices import Slice
from training.offpolicy.picture import short
from training.offpolicy.report import Evaluation, verdict
from training.report import Report


class Study(Struct, frozen=True):
    """`report`: figures on the test rows beside the baselines. `columns`: what the model looks
    at, in order. `captured`: which share of the answers the most promising tenth of the rows
    holds, the first two tenths, …. `weighted`: how rows weigh. `worth`: what choosing by it would
    have earned, None where nobody knows with which chances the log chose.
    """

    report: Report
    columns: tuple[str, ...]
    captured: tuple[float, ...]
    importance: tuple[Importance, ...]
    slices: tuple[Slice, ...]
    weighted: str
    worth: Evaluation | None

    def json(self) -> bytes:
        """For machines."""
        return msgspec.json.format(msgspec.json.encode(self))

    def metadata(self) -> dict[str, Any]:
        """What a version keeps of it: the report, the slices, and the order of the columns."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return {name: told[name] for name in ("report", "columns", "slices", "weighted")}

    def text(self) -> str:
        """For people, in a few lines."""
        most = ", ".join(f"{one.name} {one.worse:+.4f}" for one in self.importance[:5])
        off = [one for one in self.slices if one.gap.low > 0 or one.gap.high < 0]
        lines = [
            self.report.text(),
            self.weighted,
            f"rests most on (growth of the log loss when shuffled): {most or 'no feature'}",
            f"off in {len(off)} of {len(self.slices)} slices",
            *(f"  {one.by} {short(one.value)}: {_told(one)}" for one in off[:5]),
        ]
        return "\n".join([*lines, *_earned(self.worth)])


def _told(one: Slice) -> str:
    return f"promised {one.promised:.2%}, answered {one.answered:.2%}"


def _earned(worth: Evaluation | None) -> Iterator[str]:
    if worth is None:
        yield (
            "what choosing by it would have earned is unknown: nobody knows with which chance each "
            "action was chosen"
        )
        return
    shown = worth.decimals()
    yield f"what choosing would have earned a decision, of {worth.rows:,}:"
    yield f"  {'logged':28} {worth.told()}"
    for policy in worth.everyone:
        said = "refused: " + "; ".join(policy.overlap.reasons)
        yield f"  {policy.name:28} {said if policy.refused else shown(policy.value)}"
    for policy in worth.policies:
        for other, gain in policy.gains.items():
            yield f"  {policy.name} over {other}: {shown(gain)}: {verdict(gain)}"
