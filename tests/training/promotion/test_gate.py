"""What the gate lets through, and the reason it names for each model it does not."""

from __future__ import annotations

import os
import time

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from engine.models.features import Category, Feature, Members, Number
from engine.models.verdict import MAY_BE_ACKNOWLEDGED, Verdict
from engine.registry import LARGEST_ARTEFACT
from tests.training.promotion.builders import (
    House,
    jittered,
    learnt,
    long_remembered,
    reasons,
    recent,
    replaced,
    scaled,
    told,
    with_feature,
)
from training.predicting import predict
from training.promotion.judgement import judged
from training.promotion.schema import COLUMNS

GOOD = learnt()
ENCODED = msgspec.json.encode(GOOD)


def why(verdict: Verdict, reason: str) -> str:
    (text,) = [one.text for one in verdict.refusals if one.reason == reason]
    return text


def test_a_good_model_passes_with_its_figures(house: House) -> None:
    verdict = house.judge(house.publish(GOOD), clock=time.perf_counter)
    assert verdict.passed, verdict.text()
    assert verdict.against == f"champion {house.champion}"
    assert verdict.figures["auc"] > verdict.figures["auc of the champion"] > 0.5
    assert verdict.figures["offers"] == 4000
    assert "passes, judged against champion" in verdict.text()


def test_the_champion_itself_passes_again(house: House) -> None:
    assert house.judge(house.champion).passed


def test_a_model_of_the_wrong_schema_is_refused_with_the_nearest_right_name(house: House) -> None:
    wrong = with_feature(GOOD, Feature("spent", "customer.spendd", Number()), 0.1)
    verdict = house.judge(house.publish(wrong))
    assert reasons(verdict) == {"unknown-attribute"}
    assert "'spendd'" in why(verdict, "unknown-attribute")
    assert "did you mean 'spend'?" in why(verdict, "unknown-attribute")


@pytest.mark.parametrize(
    ("feature", "weights", "said"),
    [
        (Feature("plan_number", "customer.plan", Number()), (0.0,), "for a number"),
        (Feature("spend_is", "customer.spend", Category(("1",))), (0.0,), "for a category"),
        (Feature("plans", "customer.plan", Members(("plus",))), (0.0,), "for members of a list"),
        (Feature("one", "customer.likes", Category(("isa",))), (0.0,), "for a category"),
    ],
)
def test_an_attribute_taken_for_what_it_is_not_is_refused(
    house: House, feature: Feature, weights: tuple[float, ...], said: str
) -> None:
    verdict = house.judge(house.publish(with_feature(GOOD, feature, *weights)))
    assert reasons(verdict) == {"wrong-type"}
    assert said in why(verdict, "wrong-type")


def test_columns_in_another_order_than_they_were_learnt_in_are_refused(house: House) -> None:
    columns = ["age", "age?missing", "spend", "plan=basic", "plan=plus"]
    columns += ["likes=isa", "likes=loan", "likes=card"]
    assert house.judge(house.publish(GOOD, **{COLUMNS: columns})).passed
    columns[2], columns[3] = columns[3], columns[2]
    verdict = house.judge(house.publish(GOOD, **{COLUMNS: columns}))
    assert reasons(verdict) == {"wrong-order"}
    assert "column 3 is 'spend', but 'plan=basic' was learnt" in why(verdict, "wrong-order")


@pytest.mark.parametrize("number", [b"1e999", b"NaN"])
def test_a_model_with_a_number_that_is_none_is_refused(house: House, number: bytes) -> None:
    artefact = replace(GOOD, coefficients=(0.125, *GOOD.coefficients[1:]))
    digest = house.plant(msgspec.json.encode(artefact).replace(b"[0.125,", b"[" + number + b","))
    assert reasons(house.judge(digest)) == {"unfit"}


def test_a_model_that_tells_everybody_the_same_is_refused(house: House) -> None:
    verdict = house.judge(house.publish(scaled(GOOD, 0.0, -1.0)))
    assert "constant" in reasons(verdict)
    assert "every propensity is 0.2689" in why(verdict, "constant")
    blind = replace(GOOD, coefficients=(0.0,) * len(GOOD.coefficients), match={})
    blind = replace(blind, id={}, group={})
    blind = replace(
        blind, kind={"offer": msgspec.convert({"intercept": 0.3}, type(GOOD.kind["offer"]))}
    )
    assert "the same of all" in why(house.judge(house.publish(blind)), "constant")


def test_an_inverted_model_is_refused(house: House) -> None:
    assert "inverted" in reasons(house.judge(house.publish(scaled(GOOD, -1.0, -1.5))))


def test_a_slightly_worse_model_is_refused(house: House) -> None:
    house.registry.promote("propensity", house.publish(GOOD))
    verdict = house.judge(house.publish(jittered(GOOD, 0.12)))
    assert reasons(verdict) == {"worse"}
    lost = verdict.figures["auc of the champion"] - verdict.figures["auc"]
    assert 0.0 < lost < 0.02
    more = verdict.figures["log loss"] - verdict.figures["log loss of the champion"]
    assert why(verdict, "worse").startswith(
        f"log loss is worse than the champion's by {more:.4f} (0.00"
    )


def test_a_miscalibrated_model_is_refused_though_it_ranks_as_well(house: House) -> None:
    verdict = house.judge(house.publish(scaled(GOOD, 1.0, 0.6)))
    assert "miscalibrated" in reasons(verdict)
    assert "it promises" in why(verdict, "miscalibrated")
    assert verdict.figures["auc"] > verdict.figures["auc of the champion"]


def test_a_leak_is_a_leak_where_answers_are_worth_fractions(house: House) -> None:
    table = recent()
    clicks = replaced(table, table.labels * 0.2)
    leak = Feature("answered", "customer.answered", Category((True,)))
    digest = house.publish(with_feature(scaled(GOOD, 0.1, -4.0), leak, 2.8))
    assert "too-good" in reasons(house.judge(digest, told(clicks)))


def test_one_promise_too_sure_of_itself_does_not_outweigh_a_thousand_others(house: House) -> None:
    table = recent()
    ours, theirs = (
        predict(house.registry.load("propensity", one), table)
        for one in (house.publish(GOOD), house.champion)
    )
    ours[np.flatnonzero(table.labels == 0.0)[:5]] = 1.0
    assert not list(judged(table, ours, theirs, 0, {}))


def test_a_leaky_model_asks_to_be_answered_for(house: House) -> None:
    leak = Feature("answered", "customer.answered", Category((True,)))
    digest = house.publish(with_feature(scaled(GOOD, 1.0, -4.0), leak, 8.0))
    table = told(recent())
    refused = house.judge(digest, table)
    assert "too-good" in reasons(refused)
    assert "happened after the offer" in why(refused, "too-good")
    answered = house.judge(digest, table, "too-good")
    assert "too-good" not in reasons(answered)
    assert "too-good" in {one.reason for one in answered.acknowledged}


def test_a_slow_model_is_refused_at_the_catalogue_s_size(house: House) -> None:
    slow = GOOD
    for number in range(60):
        where = {"action": "isa"}
        within = 1_000 + number
        asks = Feature(
            f"c{number}", "history.count", Number(), event="click", where=where, within=within
        )
        slow = with_feature(slow, asks, 0.0)
    digest = house.publish(slow)
    table = long_remembered(recent())
    verdict = house.judge(digest, table, alias="shadow", clock=time.perf_counter)
    assert reasons(verdict) == {"slow"}
    assert "propensities of 4 actions take" in why(verdict, "slow")
    assert "Have it look at less" in why(verdict, "slow")


def test_a_model_made_with_another_library_is_refused(house: House) -> None:
    digest = house.plant(ENCODED, libraries={"numpy": "0.1"}, exact=["numpy"])
    verdict = house.judge(digest)
    assert reasons(verdict) == {"wrong-library"}
    assert "install numpy==0.1" in why(verdict, "wrong-library")


def test_a_model_that_asks_for_a_category_nobody_has_is_refused(house: House) -> None:
    wrong = with_feature(
        GOOD, Feature("plan_too", "customer.plan", Category(("plus", "fiber"))), 0.1, 0.1
    )
    verdict = house.judge(house.publish(wrong))
    assert reasons(verdict) == {"unknown-category"}
    assert "'fiber'" in why(verdict, "unknown-category")
    assert "did you mean 'fibre'?" in why(verdict, "unknown-category")


@pytest.mark.parametrize("key", [None, b"another house's"])
def test_an_unsigned_model_is_refused(house: House, key: bytes | None) -> None:
    digest = house.plant(ENCODED, key)
    if key is None:
        (house.data / "models/propensity" / digest[7:] / "signature").unlink()
    verdict = house.judge(digest)
    assert reasons(verdict) == {"unsigned"}
    assert f"teller adopt propensity {digest}" in why(verdict, "unsigned")


def test_an_oversized_model_is_refused(house: House) -> None:
    digest = house.plant(ENCODED)
    os.truncate(house.data / "models/propensity" / digest[7:] / "artefact", LARGEST_ARTEFACT + 1)
    verdict = house.judge(digest)
    assert reasons(verdict) == {"oversized"}
    assert "at most 67,108,864" in why(verdict, "oversized")


def test_a_model_that_serves_some_worse_is_refused_though_it_is_better_on_the_whole(
    house: House,
) -> None:
    tips = replace(GOOD.id["tips"], intercept=GOOD.id["tips"].intercept + 2.0)
    verdict = house.judge(house.publish(replace(GOOD, id={**GOOD.id, "tips": tips})))
    assert "worse-for-some" in reasons(verdict)
    assert any("action tips" in one.text for one in verdict.refusals)


def test_without_evidence_somebody_has_to_answer_for_it(house: House) -> None:
    few = recent().where(recent().at < 100 * 3_600_000)
    digest = house.publish(GOOD)
    assert reasons(house.judge(digest, few)) == {"no-evidence"}
    assert house.judge(digest, few, "no-evidence").passed


def test_nobody_can_answer_for_what_is_wrong(house: House) -> None:
    wrong = house.publish(scaled(GOOD, -1.0, -1.5))
    assert "inverted" in reasons(house.judge(wrong, None, "inverted", *MAY_BE_ACKNOWLEDGED))


def test_a_shadow_needs_to_be_sound_and_no_better(house: House) -> None:
    inverted = house.publish(scaled(GOOD, -1.0, -1.5))
    assert house.judge(inverted, alias="shadow").passed
    wrong = with_feature(GOOD, Feature("spent", "customer.spendd", Number()), 0.1)
    assert not house.judge(house.publish(wrong), alias="shadow").passed
