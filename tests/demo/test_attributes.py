"""Facts about what is known of a household at a moment, on the real data."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from demo.attributes import AS_OF, Ledger, attributes, ledger
from demo.learning import FEATURES
from demo.source import Grocer
from engine.domain import Value

MOMENT = pd.Timestamp("2017-08-08")


@pytest.fixture(scope="module")
def today(books: Ledger) -> dict[int, dict[str, Value]]:
    return attributes(books, AS_OF)


def test_nothing_that_happened_later_changes_what_was_known(grocer: Grocer, books: Ledger) -> None:
    past = replace(
        grocer,
        transactions=grocer.transactions[grocer.transactions["transaction_timestamp"] < MOMENT],
        coupon_redemptions=grocer.coupon_redemptions[
            grocer.coupon_redemptions["redemption_date"] < MOMENT
        ],
    )
    then = attributes(ledger(past), MOMENT)
    now = attributes(books, MOMENT)
    assert len(then) > 2000
    assert then == {household: now[household] for household in then}


def test_some_households_give_the_same_attributes_as_all_of_them(books: Ledger) -> None:
    few = pd.Index([1, 2, 115, 1453])
    everyone = attributes(books, MOMENT)
    assert attributes(books.of(few), MOMENT) == {
        household: everyone[household] for household in few
    }


def test_there_are_2469_households_and_801_told_their_age(
    today: dict[int, dict[str, Value]],
) -> None:
    assert len(today) == 2469
    assert sum("age" in facts for facts in today.values()) == 801


def test_what_is_unknown_is_missing_rather_than_zero_or_nan(
    today: dict[int, dict[str, Value]],
) -> None:
    away = [facts for facts in today.values() if facts["trips_12w"] == 0]
    assert away
    for facts in away:
        assert not {"basket_spend", "favourite_aisle", "buys", "usual_day"} & set(facts)
        assert not any(name.startswith("share_") for name in facts)
    values = [value for facts in today.values() for value in facts.values()]
    assert not any(isinstance(value, float) and math.isnan(value) for value in values)


def test_the_shares_of_the_aisles_make_a_whole(today: dict[int, dict[str, Value]]) -> None:
    for facts in today.values():
        shares = [v for name, v in facts.items() if name.startswith("share_")]
        numbers = [share for share in shares if isinstance(share, float)]
        assert not shares or sum(numbers) == pytest.approx(1.0, abs=0.002)


def test_every_feature_of_the_model_is_an_attribute_that_is_computed(
    today: dict[int, dict[str, Value]],
) -> None:
    computed = set().union(*today.values())
    assert {feature.source.removeprefix("customer.") for feature in FEATURES} <= computed
