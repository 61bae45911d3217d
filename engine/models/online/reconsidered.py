"""What actions have in common, learned anew once answers turned out otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.domain import Action
from engine.models.encoder import Encoder
from engine.models.features import Feature
from engine.models.online.answers import Answers
from engine.models.online.expansion import Expansion
from engine.models.online.shared import Shared

_LEAST, _OFTEN = 8.0, 0.1


def due(late: float, worked: float) -> bool:
    """Whether to learn anew: so much reward came late, of so much as there was in all."""
    return late >= max(_LEAST, _OFTEN * worked)


def reconsidered(
    features: Sequence[Feature], expand: Expansion, actions: Sequence[Action], kept: Answers
) -> Shared:
    """From these answers, as they are known now; `actions` by row.

    A no that was expected teaches little, so thousands of them weigh next to nothing against a
    few yes that come late: what is promised would leap to certainty. In no order, lest those that
    were late are the last.
    """
    shared = Shared(Encoder(features), expand)
    for row, action in enumerate(actions):
        shared.know(row, action)
    answers = len(kept.rewards)
    for at in np.random.default_rng(answers).permutation(answers).tolist():
        x = kept.rows[at].astype(np.float64)
        shared.take(x, expand(x), int(kept.owners[at]), float(kept.rewards[at]))
    return shared
