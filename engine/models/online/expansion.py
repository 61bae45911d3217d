"""From a row of raw columns to what an online model is linear in.

    φ(x) = [1, 3 z / √d, 3 √(2 s / m) cos(W z / √d + b)]

z: numbers in standard deviations from their running mean, at most three; columns that are 0 or
1 (categories, members, indicators) only centred, so that a rare value does not shout. d: how many
columns there are, of one feature at most `BROADEST`: a category of hundreds of words has one of
them at a time, and counted in full each would have to be met a hundred times to be believed. The
cosines approximate a Gaussian kernel as wide as typical distances are (Rahimi and Recht, Random
Features for Large-Scale Kernel Machines, 2007): what is linear is learned from the first part,
quickly, and what is not from the second.

s: how much the cosines count, from 0 to 1; the share of d that is numbers', times m / 2d where that
is less than one. Of 0 and 1 nothing bends, and how far any two rows seem alike to so few cosines
is off by more than what one of many columns says, which would be lost in it.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.errors import ModelRefused
from engine.models.base import LARGEST
from engine.models.encoder import Encoder
from engine.models.features import Number

Vector: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.float64]

WAVES = 128
LARGEST_Z = 3.0
FINITE = float(np.finfo(np.float32).max)
SETTLED = 10_000.0
BROADEST = 4
_REACH = 3.0
_ROUNDED = 1e-3  # of a variance, which is 4 at most
_LEAST = 1e-18  # variance of a column that varies
_SEED = 7


class Scale(Struct, frozen=True, forbid_unknown_fields=True):
    """How many rows were seen, and each column's mean and sum of squares about it."""

    rows: float
    means: tuple[float, ...]
    squares: tuple[float, ...]


class Breadth(NamedTuple):
    """How many columns count: of `all` features, at least one, and of those that are numbers."""

    all: float
    numbers: float


class Waves(Struct, frozen=True, forbid_unknown_fields=True):
    """Directions (waves × columns) and phases (waves) as little-endian float32, so that the
    same waves are had with every version of numpy; `breadth`: d; `share`: s."""

    directions: bytes
    phases: bytes
    breadth: float
    share: float


def waves(columns: int, breadth: Breadth) -> Waves:
    """Waves for that many columns, the same every time."""
    chance = np.random.default_rng(_SEED)
    directions = chance.standard_normal((WAVES, columns)) / np.sqrt(breadth.all)
    phases = chance.uniform(0.0, 2.0 * np.pi, WAVES)
    share = breadth.numbers / breadth.all * min(WAVES / 2.0 / breadth.all, 1.0)
    return Waves(packed(directions), packed(phases), breadth.all, share)


class Expansion:
    """`binary`: which columns are 0 or 1. Learns its scale by `see`, until it has settled."""

    def __init__(self, binary: NDArray[np.bool_], waves: Waves, scale: Scale | None = None) -> None:
        """Raises ModelRefused for waves that do not fit."""
        columns = len(binary)
        self.waves = waves
        self.columns = columns
        self.size = 1 + columns + WAVES
        self.linear = slice(1, 1 + columns)
        self._binary = binary
        directions = unpacked(waves.directions, WAVES, columns, most=LARGEST)
        self._phases = unpacked(waves.phases, WAVES, most=LARGEST)
        if not 1.0 <= waves.breadth <= LARGEST:
            raise ModelRefused(f"waves of a breadth that is not between 1 and {LARGEST:g}")
        if not 0.0 <= waves.share <= 1.0:
            raise ModelRefused("waves that count for less than nothing, or more than all")
        self._height = np.float32(_REACH * sqrt(2.0 * waves.share / WAVES))
        self._slope = _REACH / sqrt(waves.breadth)
        # Columns × waves, and of what φ is linear in: z times its slope.
        self._directions = np.ascontiguousarray(directions.T) / np.float32(self._slope)
        scale = scale or Scale(0.0, (0.0,) * columns, (0.0,) * columns)
        _fits(scale, columns)
        self._rows, self._means = scale.rows, np.array(scale.means, np.float64)
        self._squares = np.array(scale.squares, np.float64)
        self._inverse = np.ones(columns)
        _invert(self._squares, self._rows, self._binary, self._inverse)

    @property
    def scale(self) -> Scale:
        return Scale(self._rows, tuple(self._means.tolist()), tuple(self._squares.tolist()))

    @property
    def terms(self) -> tuple[Scale, Waves]:
        """What numbers learned on it mean: those of equal terms may be added."""
        return self.scale, self.waves

    def mix(self, width: int) -> Vector | None:
        """What adds the columns up to `width` numbers, each column to one of them with a sign
        of its own (a count sketch), so that distances stay about as they are; None where there
        are no more columns than that."""
        if self.columns <= width:
            return None
        mix = np.zeros((width, self.columns), np.float32)
        each = np.arange(self.columns)
        mix[each % width, each] = np.where(self._directions[:, 0] < 0.0, -1.0, 1.0)
        return mix

    def see(self, x: NDArray[np.float64]) -> None:
        """Count a row towards means and deviations; once settled nothing moves any more, so
        that what learners then add up is in the same terms."""
        if self._rows >= SETTLED:
            return
        self._check(x)
        self._rows += 1.0
        _count(x, self._rows, self._binary, self._means, self._squares, self._inverse)

    def __call__(self, x: NDArray[np.float64]) -> Vector:
        """φ of a row of finite columns; shape (size,). Raises ValueError for other columns."""
        self._check(x)
        phi = np.empty(self.size, np.float32)
        _begin(x, self._means, self._inverse, self._slope, self._directions, self._phases, phi)
        waving = phi[1 + self.columns :]
        np.multiply(np.cos(waving, waving), self._height, waving)
        return phi

    def _check(self, x: NDArray[np.float64]) -> None:
        """Machine code would read, and write, beyond what there is."""
        if len(x) != self.columns:
            raise ValueError(f"{len(x)} columns, where {self.columns} belong")

    def slopes(self, phi: Vector, weights: Vector) -> Vector:
        """How steep weights · φ is along each of the scaled columns, squared; shape (columns,)."""
        turned = np.empty(WAVES, np.float32)
        _turn(self._directions, self._phases, phi, turned)
        return _steep(self._directions, np.sin(turned, turned), weights, self._height)


@compiled("void(float64[::1], float64, boolean[::1], float64[::1])")
def _invert(squares: Numbers, rows: float, binary: NDArray[np.bool_], inverse: Numbers) -> None:
    """One over each column's deviation, and one of those that are 0 or 1, or never differed."""
    for column in range(len(squares)):
        variance = 0.0 if binary[column] else squares[column] / max(rows, 1.0)
        inverse[column] = 1.0 / np.sqrt(variance) if variance > _LEAST else 1.0


@compiled("void(float64[::1], float64, boolean[::1], float64[::1], float64[::1], float64[::1])")
def _count(
    x: Numbers,
    rows: float,
    binary: NDArray[np.bool_],
    means: Numbers,
    squares: Numbers,
    inverse: Numbers,
) -> None:
    """A row more, towards means and sums of squares about them."""
    for column in range(len(x)):
        off = x[column] - means[column]
        means[column] += off / rows
        squares[column] += off * off * (1.0 - 1.0 / rows)
    _invert(squares, rows, binary, inverse)


@compiled("void(float32[:, ::1], float32[::1], float32[::1], float32[::1])")
def _turn(directions: Vector, phases: Vector, phi: Vector, turned: Vector) -> None:
    """How far round each wave is there."""
    turned[:] = phases
    for column in range(len(directions)):
        toward, far = directions[column], phi[1 + column]
        for wave in range(len(turned)):
            turned[wave] += toward[wave] * far


@compiled(
    "void(float64[::1], float64[::1], float64[::1], float64,"
    " float32[:, ::1], float32[::1], float32[::1])"
)
def _begin(
    x: Numbers,
    means: Numbers,
    inverse: Numbers,
    slope: float,
    directions: Vector,
    phases: Vector,
    phi: Vector,
) -> None:
    """φ, with how far round each wave is where its cosine belongs."""
    phi[0] = 1.0
    for column in range(len(x)):
        z = (x[column] - means[column]) * inverse[column]
        phi[1 + column] = slope * min(max(z, -LARGEST_Z), LARGEST_Z)
    _turn(directions, phases, phi, phi[1 + len(x) :])


@compiled("float32[::1](float32[:, ::1], float32[::1], float32[::1], float32)")
def _steep(directions: Vector, sines: Vector, weights: Vector, height: np.float32) -> Vector:
    """How steep weights · φ is along each of the columns it is linear in, squared."""
    columns = len(directions)
    bends = sines * weights[1 + columns :] * height
    steep = weights[1 : 1 + columns].copy()
    for column in range(columns):
        for wave in range(len(bends)):
            steep[column] -= directions[column, wave] * bends[wave]
    return steep * steep


def binary(encoder: Encoder) -> NDArray[np.bool_]:
    """Which columns are 0 or 1: all but the first of a number."""
    marks = np.ones(len(encoder.columns), np.bool_)
    for feature in encoder.features:
        if isinstance(feature.encoding, Number):
            marks[encoder.spans[feature.name].start] = False
    return marks


def breadth(encoder: Encoder) -> Breadth:
    """Of one feature `BROADEST` columns at most."""
    counts = [
        (min(len(encoder.spans[feature.name]), BROADEST), isinstance(feature.encoding, Number))
        for feature in encoder.features
    ]
    numbers = sum(columns for columns, number in counts if number)
    return Breadth(float(max(sum(columns for columns, _ in counts), 1)), float(numbers))


def _fits(scale: Scale, columns: int) -> None:
    if len(scale.means) != columns or len(scale.squares) != columns:
        raise ModelRefused(f"a scale of {len(scale.means)} columns where {columns} belong")
    known = np.array([scale.rows, *scale.means, *scale.squares])
    if not bool(np.isfinite(known).all()) or scale.rows < 0 or min(scale.squares, default=0.0) < 0:
        raise ModelRefused("a scale that is not finite, or below zero")


def packed(numbers: NDArray[np.float64] | Vector) -> bytes:
    """As little-endian float32."""
    return numbers.astype("<f4").tobytes()


def unpacked(data: bytes, *shape: int, most: float = FINITE) -> Vector:
    """The float32 numbers of that shape. Raises ModelRefused unless they are that, and finite;
    `most`: and none is further from zero, so that what is made of them stays finite."""
    expected = int(np.prod(shape)) * 4
    if len(data) != expected:
        raise ModelRefused(f"{len(data)} bytes where {expected} belong")
    numbers = np.frombuffer(data, "<f4").astype(np.float32).reshape(shape)
    if not bool((np.abs(numbers) <= most).all()):
        raise ModelRefused(f"a number that is not finite, or beyond {most:g}")
    return numbers


def proper(covariance: Vector) -> Vector:
    """The same matrix. Raises ModelRefused unless it could be a covariance, as far as rounding
    lets it be told: along no direction below zero, and not zero along one, since what was seen is
    worked out from it."""
    allowance = np.float32(_ROUNDED) * np.eye(len(covariance), dtype=np.float32)
    try:
        np.linalg.cholesky((covariance + covariance.T) / 2.0 + allowance)
    except np.linalg.LinAlgError as error:
        raise ModelRefused("a covariance that is below zero along a direction") from error
    if not np.linalg.slogdet(covariance.astype(np.float64)).sign:  # a third of inverting it
        raise ModelRefused("a covariance that is zero along a direction")
    return covariance
