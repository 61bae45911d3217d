"""Traffic as watched: what was known, what was shown, what was promised and what was answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Traffic:
    """One action shown a row, or one placement that got its fallback, in order of time.

    `inputs` has a column a fact, missing where it was not known; `at` is in ms, or the number
    of rows that are not `timed`; `subjects` number the customers, whose rows are not
    independent of each other. NaN is not known: in `promised` (the propensity), `answered`
    (0 or 1, once that is sure), `chances` (selection probabilities) and `fallback` (1 where
    the placement got its fallback). `actions` is empty where nothing was shown. `asked` names
    the inputs that rules and templates ask for. `known`: were the row's inputs kept at all?
    `meant`: what `promised` is the expected value of, `answered` where None.
    """

    inputs: pd.DataFrame
    at: Numbers
    subjects: Numbers
    actions: NDArray[np.str_]
    promised: Vector
    answered: Vector
    chances: Vector
    fallback: Vector
    known: Mask
    asked: tuple[str, ...] = ()
    timed: bool = True
    meant: Vector | None = None

    def __len__(self) -> int:
        return len(self.at)

    def rows(self, first: int, last: int) -> Traffic:
        """The rows from `first` up to, not including, `last`."""
        return self.where(slice(first, last))

    def where(self, which: Mask | Numbers | slice) -> Traffic:
        """The rows that a boolean mask, their numbers or a slice choose."""
        return replace(
            self,
            inputs=self.inputs.iloc[which],
            at=self.at[which],
            subjects=self.subjects[which],
            actions=self.actions[which],
            promised=self.promised[which],
            answered=self.answered[which],
            chances=self.chances[which],
            fallback=self.fallback[which],
            known=self.known[which],
            meant=None if self.meant is None else self.meant[which],
        )
