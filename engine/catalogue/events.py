"""What events of other systems are to us: `events:`, over defaults for the usual names.

The defaults are the names of Segment's e-commerce (v2) and e-mail specifications. An event
that is named nowhere is kept in the record under its own name and counts in the memory as
what it came as: `track`, `page`, `screen` or `group`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from engine.catalogue.faults import Faults, Located
from engine.catalogue.reading import Section
from engine.catalogue.selecting import each
from engine.catalogue.shape import EventSpec
from engine.domain import OUTCOMES
from engine.rules.scope import Attribute

CALLS = ("track", "page", "screen", "group", "identify", "alias")
_NOT_MARKETING = frozenset({"personalisation"})


class Meaning(NamedTuple):
    """What one event is: `type` in the memory, or `outcome` where it names a decision.

    `value` are the properties tried in turn for the number it is worth; `attributes` are set
    from paths of the properties (or, of `identify`, the traits); `opt_out` are the purposes
    it ends.
    """

    type: str
    outcome: str = ""
    channel: str = ""
    topic: str = ""
    status: str = ""
    value: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = {}
    opt_out: frozenset[str] = frozenset()


_MONEY = ("revenue", "total", "value")
_ITEM = ("value", "price")
_USUAL: Mapping[str, Meaning] = {
    **{call: Meaning(call) for call in CALLS},
    "page": Meaning("page", channel="web"),
    "screen": Meaning("screen", channel="app"),
    "Products Searched": Meaning("search"),
    "Product List Viewed": Meaning("list-view"),
    "Product List Filtered": Meaning("list-filter"),
    "Promotion Viewed": Meaning("promotion-view", "impression"),
    "Promotion Clicked": Meaning("promotion-click", "click"),
    "Product Clicked": Meaning("product-click"),
    "Product Viewed": Meaning("product-view", value=_ITEM),
    "Product Added": Meaning("cart-add", value=_ITEM),
    "Product Removed": Meaning("cart-remove", value=_ITEM),
    "Cart Viewed": Meaning("cart-view"),
    "Checkout Started": Meaning("checkout", value=_MONEY),
    "Checkout Step Viewed": Meaning("checkout-step"),
    "Checkout Step Completed": Meaning("checkout-step"),
    "Payment Info Entered": Meaning("payment"),
    "Order Completed": Meaning("order", "convert", value=_MONEY),
    "Order Updated": Meaning("order-update", value=_MONEY),
    "Order Refunded": Meaning("refund", value=_MONEY),
    "Order Cancelled": Meaning("order-cancel", value=_MONEY),
    "Coupon Entered": Meaning("coupon"),
    "Coupon Applied": Meaning("coupon-use"),
    "Coupon Denied": Meaning("coupon-denial"),
    "Coupon Removed": Meaning("coupon-remove"),
    "Product Added to Wishlist": Meaning("wish-add", value=_ITEM),
    "Product Removed from Wishlist": Meaning("wish-remove", value=_ITEM),
    "Wishlist Product Added to Cart": Meaning("cart-add", value=_ITEM),
    "Product Shared": Meaning("share"),
    "Cart Shared": Meaning("share"),
    "Product Reviewed": Meaning("review"),
    "Email Delivered": Meaning("email-delivery", "delivered", "email"),
    "Email Opened": Meaning("email-open", "impression", "email"),
    "Email Link Clicked": Meaning("email-click", "click", "email"),
    "Email Bounced": Meaning("email-bounce", "bounced", "email"),
}
_ENDING: Mapping[str, Meaning] = {
    "Email Marked as Spam": Meaning("email-spam", "complain", "email"),
    "Unsubscribed": Meaning("opt-out", "unsubscribe", "email"),
}


def compile_events(
    section: Section,
    attributes: Mapping[str, Attribute],
    purposes: frozenset[str],
    faults: Faults,
) -> Mapping[str, Meaning]:
    """Meanings by name: the usual ones, with what the author says of them and of others.

    The usual opt-outs end every purpose but personalisation: which of them a sender's list
    stood for is not known, and a no too many can be taken back.
    """
    every = purposes - _NOT_MARKETING
    ending = {name: meaning._replace(opt_out=every) for name, meaning in _ENDING.items()}
    usual = {**_USUAL, **ending}
    written = {}
    for located in section.written:
        name = str(located.path[-1])
        written[name] = _meaning(located, usual.get(name) or Meaning(name))
        _check(located, written[name], attributes, purposes, faults)
    return {**usual, **written}


def _meaning(located: Located[EventSpec], usual: Meaning) -> Meaning:
    spec = located.spec
    return Meaning(
        spec.type or usual.type,
        spec.outcome or usual.outcome,
        spec.channel or usual.channel,
        spec.topic or "",
        spec.status or "",
        usual.value if spec.value is None else _words(spec.value),
        {attribute: tuple(path.split(".")) for attribute, path in spec.attributes.items()},
        usual.opt_out if spec.opt_out is None else frozenset(_words(spec.opt_out)),
    )


def _check(
    located: Located[EventSpec],
    meaning: Meaning,
    attributes: Mapping[str, Attribute],
    purposes: frozenset[str],
    faults: Faults,
) -> None:
    if meaning.type in OUTCOMES and not located.lacks("type"):
        what = f"`{meaning.type}` is an outcome, so it is no type"
        hint = f"say `outcome: {meaning.type}` and a type of your own"
        faults.add(located, ("type",) if located.spec.type else (), what, hint)
    if meaning.outcome and meaning.outcome not in OUTCOMES:
        faults.unknown(located, ("outcome",), "outcome", meaning.outcome, OUTCOMES)
    for attribute in meaning.attributes:
        if attribute not in attributes:
            faults.unknown(located, ("attributes", attribute), "attribute", attribute, attributes)
    for path, purpose in each(("opt_out",), located.spec.opt_out or ()):
        if purpose not in purposes:
            faults.unknown(located, path, "purpose", purpose, purposes)
    if meaning.status and not (meaning.topic or located.lacks("topic")):
        faults.add(located, ("status",), "`status` opens or closes a `topic`", "name one")


def _words(given: str | list[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
