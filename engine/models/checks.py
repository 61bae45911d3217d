"""What every model must pass, ours and third parties' alike.

check_model(model, actions, facts)      # raises ModelRefused, saying which fact fails
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.domain import Action, Events, Facts
from engine.errors import ModelRefused
from engine.models.base import Model, Predicted

Check = Callable[[Model, Sequence[Action], Facts], str | None]


def check_model(model: Model, actions: Sequence[Action], samples: Sequence[Facts]) -> None:
    """Hold a model to every fact, on these actions and facts, and on facts that know nothing.

    Raises ModelRefused naming the first fact that does not hold.
    """
    nobody = Facts({}, {}, Events(), "", 0)
    for facts in (*samples, nobody):
        for check in CHECKS:
            if what := check(model, actions, facts):
                raise ModelRefused(f"{model.kind} model {model.version[:20]}: {what}")


def propensities_are_probabilities(
    model: Model, actions: Sequence[Action], facts: Facts
) -> str | None:
    """Finite and within [0, 1], a contiguous float64 for each action."""
    found = model.bind(actions).predict(facts).propensities
    if found.shape != (len(actions),) or found.dtype != np.float64:
        return f"{found.dtype} of shape {found.shape} where float64 of {len(actions)} belongs"
    if not found.flags.c_contiguous:
        return "propensities are not contiguous"
    if not bool(np.all((found >= 0) & (found <= 1))):
        return "a propensity is not a number between 0 and 1"
    return None


def features_are_plain_numbers(model: Model, actions: Sequence[Action], facts: Facts) -> str | None:
    """What it looked at can be logged: a tuple of finite floats."""
    features = model.bind(actions).predict(facts).features
    if not isinstance(features, tuple) or not all(type(x) is float for x in features):
        return "features are not a tuple of floats"
    return None if bool(np.all(np.isfinite(features))) else "a feature is not finite"


def the_same_facts_give_the_same_bytes(
    model: Model, actions: Sequence[Action], facts: Facts
) -> str | None:
    """Replay depends on it: bound once or twice, now or later."""
    predictor = model.bind(actions)
    first, again, anew = (
        _frozen(predicted)
        for predicted in (
            predictor.predict(facts),
            predictor.predict(facts),
            model.bind(actions).predict(facts),
        )
    )
    return None if first == again == anew else "the same facts gave other numbers"


def the_order_of_actions_does_not_matter(
    model: Model, actions: Sequence[Action], facts: Facts
) -> str | None:
    """An action's propensity is its own, wherever it stands."""
    forward = model.bind(actions).predict(facts).propensities
    backward = model.bind(actions[::-1]).predict(facts).propensities
    same = bool(np.array_equal(forward, backward[::-1]))
    return None if same else "propensities depend on the order of the actions"


def an_action_never_seen_has_a_propensity(
    model: Model, actions: Sequence[Action], facts: Facts
) -> str | None:
    """A new action starts from its kin, whatever group and kind it has."""
    newcomers = [
        Action("never seen", "offer", None, None),
        *(Action(f"never seen like {a.id}", a.kind, a.group, a.purpose) for a in actions),
    ]
    return propensities_are_probabilities(model, newcomers, facts)


def no_actions_is_no_error(model: Model, actions: Sequence[Action], facts: Facts) -> str | None:
    """An empty catalogue has an empty answer."""
    return propensities_are_probabilities(model, actions[:0], facts)


CHECKS: tuple[Check, ...] = (
    propensities_are_probabilities,
    features_are_plain_numbers,
    the_same_facts_give_the_same_bytes,
    the_order_of_actions_does_not_matter,
    an_action_never_seen_has_a_propensity,
    no_actions_is_no_error,
)


def _frozen(predicted: Predicted) -> tuple[bytes, tuple[float, ...]]:
    return predicted.propensities.tobytes(), predicted.features
