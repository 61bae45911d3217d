"""What preparing the demo comes to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from msgspec import Struct

from engine.domain import Value

Step = Callable[[str], AbstractContextManager[object]]


class Prepared(Struct, frozen=True):
    """Households by number with their attributes as of the end of the data, the propensity's
    artefact, and how good it was on campaigns it had not seen."""

    households: dict[int, dict[str, Value]]
    kind: str
    artefact: bytes
    report: str
