"""What is known of a household at a moment: the same code for training and for serving.

Every figure looks back twelve weeks from the moment and never past it, so that a model
trained on what was known when a mailing went out meets the same quantities at serving, and
nothing that happened afterwards leaks into it. What is not known is missing, never zero:
a household without a purchase in the twelve weeks has no shares and no favourites.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from demo.offers import AISLE_OF_OFFER, AISLES, OFFER_OF_CATEGORY
from demo.source import Grocer
from engine.domain import Scalar, Value

WINDOW = pd.Timedelta(weeks=12)
_NOT_GROCERIES = ("FUEL", "MISCELLANEOUS", "COUPON", "CNTRL/STORE SUP", "CHARITABLE CONT")
_WHOLE = {
    "household_size",
    "kids",
    "trips_12w",
    "coupon_trips_12w",
    "redemptions_12w",
    "days_since_trip",
}
_COUNTS = {"5+": 5, "3+": 3}
_HOMES = {
    "Homeowner": "owner",
    "Probable Homeowner": "owner",
    "Renter": "renter",
    "Probable Renter": "renter",
}
HABITS = ("none", "tried", "sometimes", "often", "keen")
_HABIT_ABOVE = (-1, 0, 1, 3, 6, np.inf)
FAVOURITES = 3
AS_OF = pd.Timestamp("2018-01-01 05:00")
"""The demo's today: the end of 2017 where the stores are. The data's times are UTC."""


@dataclass(frozen=True)
class Ledger:
    """The year's transactions, summed as far as any attribute needs.

    `trips` is one row a basket (household, at, store, spend, discount, private, couponed);
    `spends` one row a basket and offer (household, at, offer, spend); `redemptions` one a
    coupon handed in (household, at).
    """

    households: pd.Index
    trips: pd.DataFrame
    spends: pd.DataFrame
    redemptions: pd.DataFrame
    demographics: pd.DataFrame

    def of(self, households: pd.Index) -> Ledger:
        """The same, of these households alone."""
        return Ledger(
            households=households,
            trips=self.trips[self.trips["household"].isin(households)],
            spends=self.spends[self.spends["household"].isin(households)],
            redemptions=self.redemptions[self.redemptions["household"].isin(households)],
            demographics=self.demographics,
        )


def ledger(grocer: Grocer) -> Ledger:
    """Sum the transactions once; every later question is a cheap one."""
    rows = _groceries(grocer)
    trips = rows.groupby(["household", "basket"], sort=True).agg(
        at=("at", "max"),
        store=("store", "first"),
        spend=("spend", "sum"),
        discount=("discount", "sum"),
        private=("private", "sum"),
        couponed=("couponed", "any"),
    )
    spends = rows.groupby(["household", "basket", "offer"], sort=True).agg(
        at=("at", "max"), spend=("spend", "sum")
    )
    return Ledger(
        households=pd.Index(np.sort(grocer.transactions["household_id"].unique())),
        trips=trips.reset_index(),
        spends=spends.reset_index(),
        redemptions=grocer.coupon_redemptions.rename(
            columns={"household_id": "household", "redemption_date": "at"}
        )[["household", "at"]],
        demographics=_demographics(grocer.demographics),
    )


def _groceries(grocer: Grocer) -> pd.DataFrame:
    """What was bought of what a grocer sells, row by row, and of which offer it would be."""
    products = grocer.products.set_index("product_id")
    rows = grocer.transactions
    product = products.reindex(rows["product_id"])
    department = product["department"].to_numpy()
    groceries = ~np.isin(department.astype(object), _NOT_GROCERIES)
    return pd.DataFrame(
        {
            "household": rows["household_id"].to_numpy(),
            "basket": rows["basket_id"].to_numpy(),
            "at": rows["transaction_timestamp"].to_numpy(),
            "store": rows["store_id"].to_numpy(),
            "spend": rows["sales_value"].to_numpy(),
            "discount": rows["retail_disc"].to_numpy(),
            "private": np.where(product["brand"] == "Private", rows["sales_value"], 0.0),
            "couponed": rows["coupon_disc"].to_numpy() > 0,
            "offer": product["product_category"].map(OFFER_OF_CATEGORY).to_numpy(),
        }
    )[groceries]


def attributes(books: Ledger, moment: pd.Timestamp) -> dict[int, dict[str, Value]]:
    """Every household's attributes as they were at `moment`, which itself is not included."""
    known = {int(household): _facts(row) for household, row in _table(books, moment).items()}
    for household, favourites in _favourites(books, moment).items():
        known[household].update(favourites)
    return known


def _table(books: Ledger, moment: pd.Timestamp) -> dict[int, dict[str, Any]]:
    """The scalar attributes, a household a row; NaN where unknown."""
    trips = _recent(books.trips, moment)
    by_household = trips.groupby("household")
    sums = by_household[["spend", "discount", "private", "couponed"]].sum()
    count = by_household.size()
    table = books.demographics.reindex(books.households)
    table["spend_12w"] = sums["spend"].reindex(table.index, fill_value=0.0).round(2)
    table["trips_12w"] = count.reindex(table.index, fill_value=0)
    table["coupon_trips_12w"] = sums["couponed"].reindex(table.index, fill_value=0).astype(int)
    redeemed = _recent(books.redemptions, moment).groupby("household").size()
    table["redemptions_12w"] = redeemed.reindex(table.index, fill_value=0)
    habit = pd.cut(table["redemptions_12w"], _HABIT_ABOVE, labels=HABITS)
    table["coupon_habit"] = habit.astype(str)
    table["basket_spend"] = (sums["spend"] / count).round(2)
    table["private_label_share"] = (sums["private"] / sums["spend"]).clip(0, 1).round(4)
    list_price = sums["spend"] + sums["discount"]
    table["saved_share"] = (sums["discount"] / list_price).clip(0, 1).round(4)
    last = books.trips[books.trips["at"] < moment].groupby("household")["at"].max()
    table["days_since_trip"] = (moment - last).dt.days
    table["home_store"] = _commonest(trips, trips["store"].astype(str))
    table["usual_day"] = _commonest(trips, trips["at"].dt.day_name())
    table = table.join(_shares(books, moment))
    return dict(zip(table.index, table.to_dict("records"), strict=True))


def _shares(books: Ledger, moment: pd.Timestamp) -> pd.DataFrame:
    """The share of its grocery spend a household put in each aisle, 0 to 1."""
    spends = _recent(books.spends, moment)
    aisle = spends["offer"].map(AISLE_OF_OFFER)
    table = spends.pivot_table(
        index="household", columns=aisle, values="spend", aggfunc="sum", fill_value=0.0
    ).reindex(columns=sorted(AISLES), fill_value=0.0)
    total = table.sum(axis=1)
    shares = table[total > 0].div(total[total > 0], axis=0).clip(0, 1).round(4)
    return shares.add_prefix("share_")


def _favourites(books: Ledger, moment: pd.Timestamp) -> dict[int, dict[str, Value]]:
    """What a household buys (offers), and its favourite aisles, dearest first, as lists."""
    spends = _recent(books.spends, moment)
    spends = spends[spends["spend"] > 0]
    dearest = (
        spends.assign(aisle=spends["offer"].map(AISLE_OF_OFFER))
        .groupby(["household", "aisle"], as_index=False)[["spend"]]
        .sum()
        .sort_values(["household", "spend", "aisle"], ascending=[True, False, True])
    )
    known: dict[int, dict[str, Value]] = {}
    for household, ranked in _lists(dearest, "aisle").items():
        known[household] = {"favourite_aisles": ranked[:FAVOURITES], "favourite_aisle": ranked[0]}
    for household, offers in _lists(spends, "offer").items():
        known[household]["buys"] = sorted(set(offers), key=str)
    return known


def _lists(rows: pd.DataFrame, column: str) -> dict[int, list[Scalar]]:
    """A household's values of a column, in the rows' order."""
    lists: dict[int, list[Scalar]] = {}
    for household, value in zip(rows["household"].tolist(), rows[column].tolist(), strict=True):
        lists.setdefault(household, []).append(value)
    return lists


def _recent(rows: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    return rows[(rows["at"] < moment) & (rows["at"] >= moment - WINDOW)]


def _commonest(trips: pd.DataFrame, values: pd.Series) -> pd.Series:
    """The commonest value a household; between equals, the first in the alphabet."""
    counts = trips.groupby(["household", values.rename("value")]).size().rename("n").reset_index()
    ordered = counts.sort_values(["household", "n", "value"], ascending=[True, False, True])
    return ordered.drop_duplicates("household").set_index("household")["value"]


def _demographics(table: pd.DataFrame) -> pd.DataFrame:
    """What 801 households told the grocer; the others are simply not in it."""
    rows = table.set_index("household_id")
    return pd.DataFrame(
        {
            "age": rows["age"],
            "income": rows["income"],
            "home": rows["home_ownership"].map(_HOMES),
            "marital_status": rows["marital_status"].str.lower(),
            "household_size": rows["household_size"].replace(_COUNTS).astype(float),
            "kids": rows["kids_count"].replace(_COUNTS).astype(float),
        }
    )


def _facts(row: dict[str, Any]) -> dict[str, Value]:
    """A row as attributes: what is NaN is left out, counts are whole numbers."""
    return {
        name: int(value) if name in _WHOLE else value
        for name, value in row.items()
        if not pd.isna(value)
    }
