"""How far a distribution moved, and how far chance alone would move it.

PSI = Σ (q − p) ln(q / p) over bins, p of the reference and q of later rows: the population
stability index, a symmetric Kullback-Leibler divergence. Where nothing moved, PSI over
(1/n + 1/m) is about chi-square with bins − 1 degrees of freedom (Yurdakul, Statistical
Properties of Population Stability Index, Western Michigan University, 2018, theorem 3.2.1).
n and m are divided by the design effect of customers with many rows (Rao and Scott, JASA
1981), without which a few busy customers look like a change of everyone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeGuard

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

Codes = NDArray[np.int64]
Vector = NDArray[np.float64]

BINS = 10
EXPECTED = 5.0
"""Rows a bin should hold in the smaller sample, for the chi-square to be a fair description."""


class Moved(NamedTuple):
    """`distance`: the PSI; `chance`: what it exceeds by chance only that often as was asked."""

    distance: float
    chance: float


@dataclass(frozen=True)
class Bins:
    """How a column falls into bins: by `edges` if it holds numbers, else by `words`; the last
    bin but one is for all other words, the last for what is missing."""

    edges: Vector | None
    words: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many bins there are."""
        return 2 + (len(self.words) if self.edges is None else len(self.edges) + 1)

    def codes(self, column: pd.Series) -> Codes:
        """The bin of each row, from 0."""
        missing = column.isna().to_numpy()
        if self.edges is not None:
            numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
            codes = np.searchsorted(self.edges, numbers, side="left")
            codes = np.where(np.isnan(numbers), self.count - 2, codes)
        else:
            codes = pd.Index(self.words, dtype=object).get_indexer(pd.Index(texts(column)))
            codes = np.where(codes < 0, self.count - 2, codes)
        return np.where(missing, self.count - 1, codes).astype(np.int64)


def bins(reference: pd.Series, smallest: int) -> Bins:
    """Bins for a column from its reference rows; `smallest`: rows of the smallest sample that
    will be compared, in which a bin should expect `EXPECTED` rows."""
    known = reference.dropna()
    share = max(EXPECTED / max(smallest, 1), 1e-9)
    most = int(min(BINS, max(1.0, 1.0 / share)))
    if _counts(known):
        cuts = np.quantile(known.astype(float), np.linspace(0, 1, most + 1)[1:-1])
        edges = np.unique(cuts)
        return Bins(edges[edges < float(known.max())], ())
    frequent = texts(known).value_counts(normalize=True)
    words = frequent[frequent >= max(share, 0.005)].index
    return Bins(None, tuple(sorted(map(str, words))))


def texts(column: pd.Series) -> pd.Series:
    """Values as words; a list is the set of what it holds."""
    if column.dtype == object and any(_many(one) for one in column):
        return pd.Series([_text(one) for one in column], dtype=object)
    codes, words = pd.factorize(column, use_na_sentinel=False)
    return pd.Series(np.array([str(one) for one in words], dtype=object)[codes])


def _text(value: object) -> str:
    return " ".join(sorted(map(str, value))) if _many(value) else str(value)


def shift(
    before: tuple[Codes, Codes], after: tuple[Codes, Codes], count: int, level: float
) -> Moved:
    """The PSI between two samples of (bin, customer), and its threshold at `level` (0 to 1).

    Bins too rare to expect `EXPECTED` rows of in the smaller sample are taken together, for
    what happens in the tail of few rows is no chi-square. Counts are half a row up, so that a
    bin that was empty before, or is now, does not make it infinite.
    """
    early, late = _common(
        *(np.bincount(codes, minlength=count).astype(np.float64) for codes, _ in (before, after))
    )
    if len(early) < 2 or not early.sum() or not late.sum():
        return Moved(0.0, 0.0)
    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (early, late))
    index = float(((q - p) * np.log(q / p)).sum())
    spread = sum(design_effect(*sample, count) / len(sample[0]) for sample in (before, after))
    return Moved(index, float(chi2.isf(level, len(early) - 1) * spread))


def _common(early: Vector, late: Vector) -> tuple[Vector, Vector]:
    """The counts of bins that are common enough, the rare ones' together as one more."""
    pooled = early + late
    expected = pooled * min(early.sum(), late.sum()) / max(pooled.sum(), 1.0)
    common = expected >= EXPECTED
    if not expected[~common].sum():
        return early[common], late[common]
    if expected[~common].sum() < EXPECTED and common.any():
        common[np.flatnonzero(common)[expected[common].argmin()]] = False
    first, second = (np.append(counts[common], counts[~common].sum()) for counts in (early, late))
    return first, second


def design_effect(codes: Codes, subjects: Codes, count: int) -> float:
    """How many rows of these are worth one independent row; 1 where each is a customer's only.

    Rao and Scott's first-order correction: the mean over bins of the variance of a bin's share
    among customers over that among independent rows, weighted by 1 − share; at least 1.
    """
    whose, numbers = np.unique(subjects, return_inverse=True)
    rows, customers = len(codes), len(whose)
    if customers == rows or customers < 2:
        return 1.0
    shares = np.bincount(codes, minlength=count) / rows
    sizes = np.bincount(numbers)
    cells, times = np.unique(numbers * count + codes, return_counts=True)
    squares = np.bincount(cells % count, times.astype(float) ** 2, count)
    products = np.bincount(cells % count, times * sizes[cells // count], count)
    # Σ (times − share · size)² over customers, bin by bin, without a table of both.
    spread = squares - 2 * shares * products + shares**2 * float((sizes.astype(float) ** 2).sum())
    held = (shares > 0) & (shares < 1)
    effects = spread[held] / (rows * shares[held] * (1 - shares[held]))
    effects *= customers / (customers - 1)
    degrees = max(int((shares > 0).sum()) - 1, 1)
    return max(1.0, float(((1 - shares[held]) * effects).sum() / degrees))


def _counts(known: pd.Series) -> bool:
    """Does it hold numbers, more of them than words could be?"""
    numbers = pd.to_numeric(known, errors="coerce") if known.dtype == object else known
    return (
        len(known) > 0
        and pd.api.types.is_numeric_dtype(numbers)
        and not pd.api.types.is_bool_dtype(numbers)
        and bool(numbers.notna().all())
        and numbers.nunique() > BINS
    )


def _many(value: object) -> TypeGuard[Iterable[object]]:
    return isinstance(value, list | tuple | np.ndarray)
