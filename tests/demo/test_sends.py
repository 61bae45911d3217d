"""Facts about the rows a propensity is learnt from."""

from __future__ import annotations

import pytest

from demo.learning import CUT
from demo.offers import OFFERS, WHOLE_SHOP
from demo.sends import Send, offer_of_coupon, sends
from demo.source import Grocer


@pytest.fixture(scope="module")
def rows(grocer: Grocer) -> list[Send]:
    return sends(grocer)


def test_every_row_is_a_household_a_campaign_and_an_offer_once(rows: list[Send]) -> None:
    assert len(rows) == len({(row.household, row.campaign, row.offer) for row in rows})
    assert {row.offer for row in rows} <= set(OFFERS)


def test_only_who_was_sent_a_campaign_is_in_it(grocer: Grocer, rows: list[Send]) -> None:
    sent = set(grocer.campaigns[["campaign_id", "household_id"]].itertuples(index=False, name=None))
    assert {(row.campaign, row.household) for row in rows} <= sent


def test_a_row_is_answered_just_when_a_coupon_of_its_offer_was_handed_in(
    grocer: Grocer, rows: list[Send]
) -> None:
    offer = offer_of_coupon(grocer)
    answered = {
        (r.campaign_id, r.household_id, offer[r.coupon_upc])
        for r in grocer.coupon_redemptions.itertuples()
        if r.coupon_upc in offer.index
    }
    for row in rows:
        assert row.redeemed == ((row.campaign, row.household, row.offer) in answered)


def test_a_coupon_good_for_everything_is_a_voucher_for_the_whole_shop(grocer: Grocer) -> None:
    assert offer_of_coupon(grocer)[10000085475] == WHOLE_SHOP
    assert offer_of_coupon(grocer)[51600070033] == "cereal-bowl"


def test_campaigns_lie_on_both_sides_of_the_cut(rows: list[Send]) -> None:
    before = [row for row in rows if row.end < CUT]
    after = [row for row in rows if row.start >= CUT]
    assert sum(row.redeemed for row in before) > 1000
    assert sum(row.redeemed for row in after) > 700
