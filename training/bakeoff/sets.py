"""Classification sets as they are: columns of numbers, columns of words, and labels."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import datasets

BUNDLED = ("iris", "wine", "breast_cancer", "digits")
_MOSTLY = 0.9  # of what a column says; the rest (?, or a blank) is absent
_FARTHEST = 1e100  # whose square is a number, too
_MANY, _OFTEN, _MOST = 100, 5, 500  # words of a column


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
    with no directory, the latter alone. Raises ValueError for a file that is no such set, and
    for a directory that has none."""
    paths = sorted(directory.glob("*.csv.gz")) if directory else []
    if directory and not paths:
        raise ValueError(f"{directory} has no *.csv.gz in it: gzip the sets to be played")
    for path in paths:
        yield table(path.name.removesuffix(".csv.gz"), _read(path))
    for name in BUNDLED:
        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        yield table(name, bunch.data.assign(label=bunch.target))


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read as a set: {error}") from error


def table(name: str, frame: pd.DataFrame) -> Table:
    """A frame whose last column is the label. A number that is absent, or not finite, is its
    column's median; of many different words in a column, those that are rare are one. Raises
    ValueError where there is nothing to choose, or a row has no label."""
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
    numbers = _numbers(series)
    if numbers is not None:
        known = np.abs(numbers) < _FARTHEST
        usual = float(np.median(numbers[known])) if known.any() else 0.0
        return Column(name, np.where(known, numbers, usual), None)
    places, words = pd.factorize(_usual(series.fillna("").astype(str)), sort=True)
    return Column(name, places.astype(float), tuple(words))


def _numbers(series: pd.Series) -> NDArray[np.float64] | None:
    """NaN where there is none; None for a column of words."""
    said = series.count()
    if not pd.api.types.is_numeric_dtype(series):
        series = pd.to_numeric(series, errors="coerce")
        if series.count() < max(_MOSTLY * said, 1):
            return None
    return series.to_numpy(np.float64, na_value=np.nan)


def _usual(words: pd.Series) -> pd.Series:
    """A name that each row has of its own says nothing, and would be a column a row."""
    counts = words.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if len(counts) <= _MANY:
        return words
    often = counts.index[counts >= _OFTEN][:_MOST]
    return words.where(words.isin(often), "other")


def _block(column: Column) -> NDArray[np.float64]:
    if column.words is None:
        return column.values[:, None]
    marks: NDArray[np.bool_] = column.values[:, None] == np.arange(len(column.words))
    return marks.astype(float)
