"""The demo's propensity: what it looks at, how it is split in time, and how it did."""

from __future__ import annotations

import pandas as pd

from demo.attributes import HABITS, Ledger
from demo.offers import AISLES, OFFERS, action
from demo.sends import Send, known_at_start
from engine.models.features import Category, Feature, Members, Number
from training.dataset import Examples, examples
from training.fit import Fitted, fit_logistic

CUT = pd.Timestamp("2017-10-01")
"""Campaigns that began from here on are the test; those that ended before it are learnt from."""

STRENGTHS = (0.01, 0.03, 0.1)

_FIGURES = (
    "spend_12w",
    "trips_12w",
    "coupon_trips_12w",
    "redemptions_12w",
    "private_label_share",
    "saved_share",
    "days_since_trip",
)
FEATURES = (
    Feature("basket_spend", "customer.basket_spend", Number(indicator=True)),
    *(Feature(name, f"customer.{name}", Number()) for name in _FIGURES),
    Feature("coupon_habit", "customer.coupon_habit", Category(HABITS)),
    Feature("buys", "customer.buys", Members(OFFERS), match="id"),
    *(
        Feature(f"share_{aisle}", f"customer.share_{aisle}", Number(), by=("group",))
        for aisle in sorted(AISLES)
    ),
)
"""Attributes of the catalogue's schema, so that serving asks what training taught."""


def learn(books: Ledger, rows: list[Send], threads: int = 2) -> Fitted:
    """The propensity the demo serves: fitted before the cut, measured after it.

    A campaign that ran across the cut is left out: its answers were not all in by then.
    """
    table = _table(books, [row for row in rows if row.end < CUT or row.start >= CUT])
    return fit_logistic(
        table, FEATURES, cut=_milliseconds(CUT), strengths=STRENGTHS, threads=threads
    )


def _table(books: Ledger, rows: list[Send]) -> Examples:
    known = list(known_at_start(books, rows))
    return examples(
        customers=[attributes for _, attributes in known],
        actions=[action(row.offer) for row in rows],
        labels=[float(row.redeemed) for row in rows],
        at=[_milliseconds(row.start) for row in rows],
        subjects=[row.household for row in rows],
    )


def _milliseconds(moment: pd.Timestamp) -> int:
    return int(moment.timestamp() * 1000)
