"""Facts about the model that serves what was learned an answer at a time."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.checks import check_model
from engine.models.features import Feature, Members, Number
from engine.models.kinds import parse_model
from engine.models.online.arms import Arms
from engine.models.online.belief import LEAST
from engine.models.online.learner import Learner
from engine.models.online.model import parse_online
from tests.models.builders import FEATURES, an_action, facts
from tests.models.online.pupils import ACTIONS, PLAIN, ROWS, believed, propensities, served, taught


def test_what_was_learned_is_served() -> None:
    young, old = (propensities(served(taught(range(ROWS))), age) for age in (50.0, 30.0))
    assert young[0] - young[1] > 0.5
    assert old[1] - old[0] > 0.5
    assert max(young[2], old[2]) < 0.1


def test_a_snapshot_serves_what_the_learner_believes() -> None:
    learner = taught(range(ROWS))
    x = (0.5, 0.0, 1.0, 0.0, 0.0)
    propensities, scales = believed(learner, x)
    predicted = served(learner).bind(ACTIONS).predict(facts({"age": 45, "plan": "basic"}))
    assert predicted.features == x
    assert predicted.propensities == pytest.approx(propensities, abs=1e-5)
    assert predicted.scales == pytest.approx(scales, abs=1e-5)


def test_a_newcomer_starts_from_its_group_and_with_no_certainty() -> None:
    model = served(taught(range(ROWS)))
    new, old = an_action("new-isa", "savings"), an_action("isa", "savings")
    assert propensities(model, 50.0, new) == pytest.approx(propensities(model, 50.0, old), abs=0.05)
    scales = model.bind([new, old]).predict(facts({"age": 30})).scales
    assert scales is not None
    assert scales[0] > 2 * scales[1]


def test_thousands_of_newcomers_start_from_the_same_sums_worked_out_once() -> None:
    class Counted(Arms):
        averaged = 0

        def _average(self, ids: Iterable[str]) -> NDArray[np.float32]:
            Counted.averaged += 1
            return super()._average(ids)

    learner = taught(range(ROWS))
    arms = Counted(learner.snapshot().arms, learner.expand.size)
    for number in range(3000):
        arms.believed(an_action(f"new-{number}", "savings"))
    assert Counted.averaged == 1


def test_what_never_worked_may_still_be_tried() -> None:
    predicted = served(taught(range(ROWS))).bind(ACTIONS).predict(facts({"age": 50}))
    assert min(predicted.propensities) >= LEAST


@pytest.mark.parametrize("features", [PLAIN, FEATURES, ()])
def test_it_passes_every_check(features: tuple[Feature, ...]) -> None:
    learner = Learner(features)
    learner.know(ACTIONS)
    columns = len(learner.expand.scale.means)
    for row in range(50):
        x = np.random.default_rng(row).random(columns)
        learner.expand.see(x)
        learner.learn(x, ACTIONS[row % 3].id, float(row % 2))
    check_model(served(learner), ACTIONS, [facts({"age": 33, "plan": "basic"})])
    data = msgspec.json.encode(learner.snapshot())
    check_model(parse_model("online", data), ACTIONS, [facts()])


def test_one_that_knows_no_action_yet_serves() -> None:
    check_model(served(Learner(PLAIN)), ACTIONS, [facts()])


def test_features_without_columns_are_not_declared_by_the_thousand() -> None:
    """Each would be a term that all share, and terms know each other's covariance."""
    features = tuple(
        Feature(f"f{number}", "customer.f", Members(()), match="id") for number in range(1_001)
    )
    with pytest.raises(ModelRefused, match="1,001 features"):
        served(Learner(features))


def test_what_a_predictor_says_while_many_ask_is_what_it_says_to_one() -> None:
    predictor = served(taught(range(50))).bind([*ACTIONS, *map(an_action, "pqrstu")])
    moments = [facts({"age": 20 + age}) for age in range(60)] * 5
    alone = [predictor.predict(one).propensities.tolist() for one in moments]
    with ThreadPoolExecutor(8) as threads:
        assert [
            one.propensities.tolist() for one in threads.map(predictor.predict, moments)
        ] == alone


def spoilt(**changes: object) -> bytes:
    tree = msgspec.to_builtins(taught(range(20)).snapshot())
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = tree
        for parent in parents:
            place = place[parent]
        place[last] = value
    return msgspec.json.encode(tree)


@pytest.mark.parametrize(
    "changes",
    [
        {"arms__isa__weights": ""},
        {"arms__isa__precision": msgspec.to_builtins(np.zeros(134, "<f4").tobytes())},
        {"arms__isa__weights": msgspec.to_builtins(np.full(134, np.nan, "<f4").tobytes())},
        {"arms__isa__weights": msgspec.to_builtins(np.full(134, 3e38, "<f4").tobytes())},
        {"arms__isa__precision": msgspec.to_builtins(np.full(134, 1e-45, "<f4").tobytes())},
        {"arms__isa__seen": -1.0},
        {"arms__isa__seen": 1e300},
        {"scale__rows": -1.0},
        {"scale__means": []},
        {"scale__squares": [-1.0] * 5},
        {"waves__phases": ""},
        {"waves__directions": msgspec.to_builtins(np.full(128 * 5, 3e38, "<f4").tobytes())},
        {"memories__places": ""},
        {"memories__names": []},
        {"memories__reach": 0.0},
        {"memories__reach": 1e-60},
        {"memories__losses": [0.0, 0.0]},
        {"memories__losses": [0.0, 0.0, -1e300]},
        {"memories__owners": "AAA="},
        {"features": msgspec.to_builtins([Feature("x", "customer.x", Number(scale=0.0))])},
        {"type": "teller.logistic.1"},
    ],
)
def test_what_cannot_serve_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ModelRefused):
        parse_online(spoilt(**changes), "v")
    assert parse_online(spoilt(), "v")
