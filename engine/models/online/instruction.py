"""What a trained model expects, taught to a learner before it hears its first answer.

On each of some facts every action's propensity is a soft answer. Together they weigh as much as
a stated number of real ones, so that what comes soon outweighs what is no longer so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.domain import Action, Facts
from engine.models.base import Model
from engine.models.encoder import Encoder
from engine.models.online.learner import Learner


def instruct(
    learner: Learner,
    model: Model,
    actions: Sequence[Action],
    facts: Sequence[Facts],
    worth: float,
    *,
    shared: bool = True,
) -> None:
    """Teach a learner that knows nothing yet but the scale of its columns; what it then knows is
    worth `worth` answers an action, or nothing where there are no facts. `shared`: of what actions
    share, too."""
    if not facts:
        return
    encode = Encoder(learner.features).encode
    predictor = model.bind(actions)
    learner.know(actions)
    for one in facts:
        x = np.array(encode(one))
        phi = learner.expand(x)
        propensities = predictor.predict(one).propensities
        for action, propensity in zip(actions, propensities.tolist(), strict=True):
            learner.expect(x, phi, action.id, propensity, shared=shared)
    learner.forget(worth / len(facts))
