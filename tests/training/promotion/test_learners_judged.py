"""A learner is judged by what it had not been told, as candidate and as champion."""

from __future__ import annotations

from functools import lru_cache

from tests.training.promotion.builders import (
    House,
    half_clicks,
    learnt,
    reasons,
    recent,
    scaled,
)
from tests.training.worlds import FEATURES, HOUR, a_world
from training.dataset import Examples
from training.fit import fit_logistic
from training.predicting import predict
from training.report import auc

GOOD = learnt()


@lru_cache
def long() -> Examples:
    """Offers for a learner to grow up on, and as many again to be judged by."""
    return a_world(6000, seed=2)


def test_a_learner_and_a_trained_model_promise_the_same_where_answers_are_worth_fractions(
    house: House,
) -> None:
    """Every other yes is a click, worth a fifth."""
    before, table = half_clicks(a_world(3000)), half_clicks(recent())
    learner = house.publish_learner(before)
    cut = 2_000 * HOUR
    fitted = fit_logistic(before, FEATURES, cut=cut, strengths=(0.3,), resamples=20)
    trained = house.registry.publish("propensity", "logistic", fitted.artefact)
    assert "miscalibrated" in reasons(house.judge(house.publish(GOOD), table))
    assert house.judge(learner, table).passed
    house.registry.promote("propensity", trained)
    assert "miscalibrated" not in reasons(house.judge(learner, table))
    assert house.judge(trained, table).passed


def test_a_learner_is_judged_by_what_each_of_its_snapshots_had_not_been_told(house: House) -> None:
    house.registry.promote("propensity", house.publish(learnt(("plan",))))
    table = long()
    snapshots = house.learn_on(table, every=500)
    late = table.where(table.at >= 3_000 * HOUR)
    verdict = house.judge("learned", table)
    assert verdict.passed, verdict.text()
    assert (verdict.digest, verdict.figures["offers"]) == ("learned", len(late))
    assert verdict.figures["snapshots"] == 6  # that of row 2,999, and each but the last since
    knowing = predict(house.registry.load("propensity", snapshots[-1]), late)
    assert auc(late.labels, knowing, late.weights) > verdict.figures["auc"] + 0.02

    rows = table.where((table.at >= 3_490 * HOUR) & (table.at < 3_510 * HOUR))
    by = [house.registry.load("propensity", one) for one in snapshots[5:7]]
    told = rows.at > 3_499 * HOUR  # when the seventh snapshot was made
    expected = [*predict(by[0], rows.where(~told)), *predict(by[1], rows.where(told))]
    assert house.gate().contender("learned").predict(rows).tolist() == expected


def test_a_learner_does_not_answer_for_when_it_knew_less_than_half_of_what_it_does(
    house: House,
) -> None:
    house.learn_on(recent(), every=500)
    assert house.judge("learned").figures["offers"] == 2_000


def test_what_it_learned_since_the_last_of_the_evidence_makes_no_learner_s_past_its_youth(
    house: House,
) -> None:
    """Else a young house, half of whose answers are of a week that is still open, had none."""
    snapshots = house.learn_on(recent(), every=500)
    learner = house.gate().contender("learned", until=2_100 * HOUR)
    assert learner.since == 999 * HOUR + 1
    assert learner.latest == snapshots[-1]


def test_a_learner_whose_past_does_not_load_here_has_no_evidence(house: House) -> None:
    """As after an upgrade, until the snapshots of before are let go."""
    snapshots = house.learn_on(recent(), every=500)
    home = house.data / "models/propensity" / snapshots[-3].removeprefix("sha256:")
    (home / "artefact").write_bytes(b"of an older version")
    verdict = house.judge("learned")
    assert reasons(verdict) == {"no-evidence"}
    assert "what decided then does not load here" in verdict.text()


def test_who_answers_for_a_champion_that_does_not_load_answers_for_nothing_else(
    house: House,
) -> None:
    house.registry.end("propensity", "champion")
    snapshots = house.learn_on(recent(), every=500)
    home = house.data / "models/propensity" / snapshots[-3].removeprefix("sha256:")
    (home / "artefact").write_bytes(b"of an older version")
    good, bad = house.publish(GOOD), house.publish(scaled(GOOD, -1.0, -1.5))
    assert reasons(house.judge(good)) == {"no-evidence"}
    assert house.judge(good, None, "no-evidence").passed
    assert "inverted" in reasons(house.judge(bad, None, "no-evidence"))


def test_a_snapshot_by_its_digest_is_judged_by_what_came_after_it(house: House) -> None:
    snapshots = house.learn_on(recent(), every=500)
    assert house.judge(snapshots[1]).figures["offers"] == len(recent()) - 1_000


def test_a_learner_that_serves_is_judged_as_it_went_on_too(house: House) -> None:
    """Its latest has been told the very answers that the candidate is judged by."""
    house.registry.end("propensity", "champion")
    house.learn_on(recent(), every=500)
    verdict = house.judge(house.publish(GOOD))
    assert verdict.passed, verdict.text()
    assert verdict.against == "champion learned"
    assert verdict.figures["offers"] == 2_000


def test_a_learner_that_decides_already_is_no_worse_than_itself(house: House) -> None:
    house.registry.end("propensity", "champion")
    house.learn_on(long(), every=500)
    verdict = house.judge("learned", long())
    assert verdict.passed, verdict.text()
