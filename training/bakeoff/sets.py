"""Classification sets as they are: columns of numbers, columns of words, and labels."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from msgspec import Struct
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


class Unplayed(Struct, frozen=True):
    """A file that is no set, and why."""

    name: str
    reason: str


class Found(NamedTuple):
    """What there is to play, and what was meant to be and cannot."""

    tables: tuple[Table, ...]
    unplayed: tuple[Unplayed, ...]


def find(directory: Path | None) -> Found:
    """The sets of a directory (`*.csv.gz`, last column the label) and scikit-learn's own; with no
    directory, the latter alone. Raises ValueError for a directory that has none."""
    paths = sorted(directory.glob("*.csv.gz")) if directory else []
    if directory and not paths:
        raise ValueError(f"{directory} has no *.csv.gz in it: gzip the sets to be played")
    every = [*map(_of_file, paths), *map(_bundled, BUNDLED)]
    return Found(
        tuple(one for one in every if isinstance(one, Table)),
        tuple(one for one in every if isinstance(one, Unplayed)),
    )


def _of_file(path: Path) -> Table | Unplayed:
    name = path.name.removesuffix(".csv.gz")
    try:
        return table(name, _read(path))
    except ValueError as error:
        return Unplayed(name, str(error))


def _bundled(name: str) -> Table:
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    return table(name, bunch.data.assign(label=bunch.target))


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read as a set: {error}") from error


def table(name: str, frame: pd.DataFrame) -> Table:
    """A frame whose last column is the label. A number that is absent, or not finite, is its
    column's median; of many different words in a column, those that are rare are one. Raises
    ValueError where there is nothing to choose, a row has no label, or a column `label` is not
    the last."""
    if "label" in frame.columns[:-1]:
        raise ValueError(f"{name}: the column label is not the last, which is {frame.columns[-1]}")
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
