"""What was sent, to whom, and whether it was answered: the rows a propensity is learnt from.

A row is one household that was sent one campaign, and one offer with a coupon in it; its
label says whether the household handed in a coupon of that offer within the campaign's
window. Features are the household's attributes as they were when the campaign began.

What the data cannot say, and the figures therefore carry: the grocer chose whom to send
what (nobody was sent a campaign at random, so a household that was not sent one tells
nothing); of the largest campaigns (type A) each household got sixteen coupons out of two
hundred, and which sixteen was not kept, so many an unanswered row was never an offer.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import pandas as pd

from demo.attributes import Ledger, attributes
from demo.offers import OFFER_OF_CATEGORY, WHOLE_SHOP
from demo.source import Grocer
from engine.domain import Value

FIRST_START = pd.Timestamp("2017-02-01")
"""Campaigns before it have next to no purchases before them to learn from."""

LAST_START = pd.Timestamp("2017-12-15")
"""Campaigns after it ran for days only before the data end."""

MAIN_SHARE = 0.5
"""A coupon belongs to an offer when at least this share of the products it is good for do."""


class Send(NamedTuple):
    """One household, one campaign (its window), one offer in it, and whether it was answered."""

    household: int
    campaign: int
    start: pd.Timestamp
    end: pd.Timestamp
    offer: str
    redeemed: bool


def offer_of_coupon(grocer: Grocer) -> pd.Series:
    """Coupon → the offer most of its products belong to; broad ones are vouchers for the
    whole shop; coupons for what no offer covers (stationery, batteries) are left out."""
    products = grocer.coupons[["coupon_upc", "product_id"]].drop_duplicates()
    category_of = grocer.products.set_index("product_id")["product_category"]
    category = products["product_id"].map(category_of)
    products["offer"] = category.map(OFFER_OF_CATEGORY).fillna("")
    counts = products.groupby(["coupon_upc", "offer"], as_index=False).size()
    counts["share"] = counts["size"] / counts.groupby("coupon_upc")["size"].transform("sum")
    best = counts.sort_values(["coupon_upc", "size", "offer"], ascending=[True, False, True])
    best = best.drop_duplicates("coupon_upc").set_index("coupon_upc")
    return best["offer"].where(best["share"] >= MAIN_SHARE, WHOLE_SHOP).loc[lambda o: o != ""]


def sends(grocer: Grocer) -> list[Send]:
    """Every row there is to learn from, oldest campaign first, households and offers in order."""
    offer = offer_of_coupon(grocer)
    windows = grocer.campaign_descriptions
    campaigns = windows[windows["start_date"].between(FIRST_START, LAST_START)]
    offered = grocer.coupons[["campaign_id", "coupon_upc"]].drop_duplicates()
    offered["offer"] = offered["coupon_upc"].map(offer)
    offered = offered[["campaign_id", "offer"]].dropna().drop_duplicates()
    rows = grocer.campaigns.merge(campaigns, on="campaign_id").merge(offered, on="campaign_id")
    answers = grocer.coupon_redemptions.assign(
        offer=grocer.coupon_redemptions["coupon_upc"].map(offer)
    )[["campaign_id", "household_id", "offer"]].drop_duplicates()
    rows = rows.merge(answers.assign(redeemed=True), how="left")
    rows["redeemed"] = rows["redeemed"].eq(True)
    rows = rows.sort_values(["start_date", "campaign_id", "household_id", "offer"])
    columns = ["household_id", "campaign_id", "start_date", "end_date", "offer", "redeemed"]
    return [Send(*row) for row in rows[columns].itertuples(index=False)]


def known_at_start(books: Ledger, rows: list[Send]) -> Iterator[tuple[Send, dict[str, Value]]]:
    """Each row with the household's attributes as they were when its campaign began."""
    for start, batch in groupby(rows, key=lambda row: row.start):
        sent = list(batch)
        households = pd.Index(sorted({row.household for row in sent}))
        known = attributes(books.of(households), start)
        for row in sent:
            yield row, known[row.household]
