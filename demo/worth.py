"""What a redeemed coupon was worth: where the figures of `catalogue/offers.yaml` come from."""

from __future__ import annotations

import pandas as pd

from demo.offers import OFFER_OF_CATEGORY
from demo.source import Grocer

GROSS_MARGIN = 0.25
"""Assumed: the data hold prices, not costs; a quarter is usual for a grocer."""


def worth(grocer: Grocer) -> pd.DataFrame:
    """Offer → `value` (margin on what a basket with one of its coupons spent on it) and
    `customer_value` (what the coupons took off), both in dollars, averaged over such baskets.

    Neither is incremental: much of such a basket would have been bought without a coupon.
    """
    category_of = grocer.products.set_index("product_id")["product_category"]
    rows = grocer.transactions
    rows = rows.assign(offer=rows["product_id"].map(category_of).map(OFFER_OF_CATEGORY))
    saved = rows[rows["coupon_disc"] > 0].groupby(["offer", "basket_id"])["coupon_disc"].sum()
    spent = rows.groupby(["offer", "basket_id"])["sales_value"].sum().reindex(saved.index)
    baskets = pd.DataFrame({"value": spent * GROSS_MARGIN, "customer_value": saved})
    return baskets.groupby("offer").mean().round(2)
