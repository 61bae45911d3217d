"""Classification sets as they are: columns of numbers, columns of words, and labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import datasets

BUNDLED = ("iris", "wine", "breast_cancer", "digits")


@dataclass(frozen=True)
class Column:
    """`values` are numbers where `words` is None, else each row's place in `words`."""

    name: str
    values: NDArray[np.float64]
    words: tuple[str, ...] | None


@dataclass(frozen=True)
class Table:
    """`labels`: the rewarded action of each row, 0 to `actions` − 1. `digest` is of content."""

    name: str
    columns: tuple[Column, ...]
    labels: NDArray[np.intp]
    actions: int
    digest: str

    def matrix(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Rows × columns with a 0/1 column a word, and which columns are such."""
        blocks = [_block(column) for column in self.columns]
        binary = [column.words is not None for column in self.columns]
        marks = np.repeat(binary, [block.shape[1] for block in blocks])
        return np.hstack(blocks), marks


def find(directory: Path | None) -> Iterator[Table]:
    """The sets of a directory (`*.csv.gz`, last column the label) and scikit-learn's own;
    with no directory, the latter alone. Raises ValueError for a file that is no such set."""
    for path in sorted(directory.glob("*.csv.gz")) if directory else ():
        yield table(path.name.removesuffix(".csv.gz"), pd.read_csv(path))
    for name in BUNDLED:
        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        yield table(name, bunch.data.assign(label=bunch.target))


def table(name: str, frame: pd.DataFrame) -> Table:
    """A frame whose last column is the label. A number that is absent, or not finite, is its
    column's median. Raises ValueError where there is nothing to choose, or a row has no label."""
    if len(frame.columns) < 2 or frame.iloc[:, -1].nunique() < 2:
        raise ValueError(f"{name}: needs a column, and a last one with at least two labels")
    if absent := int(frame.iloc[:, -1].isna().sum()):
        raise ValueError(f"{name}: rows without a label, the last column: {absent}; leave them out")
    labels, names = pd.factorize(frame.iloc[:, -1], sort=True)
    columns = tuple(_column(str(key), frame[key]) for key in frame.columns[:-1])
    digest = sha256(labels.tobytes())
    for column in columns:
        digest.update(f"{column.name}\0{column.words}\0".encode())
        digest.update(column.values.tobytes())
    return Table(name, columns, labels, len(names), digest.hexdigest())


def _column(name: str, series: pd.Series) -> Column:
    if pd.api.types.is_numeric_dtype(series):
        numbers = series.to_numpy(np.float64, na_value=np.nan)
        known = np.isfinite(numbers)
        usual = float(np.median(numbers[known])) if known.any() else 0.0
        return Column(name, np.where(known, numbers, usual), None)
    places, words = pd.factorize(series.fillna("").astype(str), sort=True)
    return Column(name, places.astype(float), tuple(words))


def _block(column: Column) -> NDArray[np.float64]:
    if column.words is None:
        return column.values[:, None]
    marks: NDArray[np.bool_] = column.values[:, None] == np.arange(len(column.words))
    return marks.astype(float)
