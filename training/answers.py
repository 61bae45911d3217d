"""What came of an offer, for learners that know yes and no only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def yes_and_no(labels: Vector, weights: Vector) -> tuple[NDArray[np.intp], Vector, Vector]:
    """Rows, answers (0 or 1) and weights that a classifier learns the mean of the labels from.

    An answer worth a fifth is a fifth of a yes and four fifths of a no: its row comes twice, and
    their log loss together is that of the label, least where its mean is what is promised.
    """
    between = (labels > 0.0) & (labels < 1.0)
    rows = np.repeat(np.arange(len(labels)), np.where(between, 2, 1))
    again = np.append(False, rows[1:] == rows[:-1])
    split, said = between[rows], labels[rows]
    answers = np.where(split, ~again, said).astype(np.float64)
    shares = np.where(split, np.where(again, 1.0 - said, said), 1.0)
    return rows, answers, weights[rows] * shares
