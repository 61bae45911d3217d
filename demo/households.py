"""Households as customers: ids, consent by a stated rule, and the few worth a first look.

The data say nothing of consent, so it is drawn, seeded by the household's number, and says
so in its source: marketing is granted by 70%, denied by 12%, and 18% were never asked;
personalisation is denied by 3% and granted by the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from engine.domain import Status, Value
from engine.hashing import uniform

CONSENT_SOURCE = "demo-rule"
_GRANTED, _DENIED = 0.70, 0.82
_NO_PERSONALISATION = 0.03

Attributes = Mapping[str, Value]


class Household(NamedTuple):
    """A household as the demo loads it."""

    customer_id: str
    attributes: Attributes
    consent: Mapping[str, Status]


class Story(NamedTuple):
    """Something that happened to a household before the demo began, `ago` ms before."""

    type: str
    ago: int
    offer: str = ""
    topic: str = ""
    status: str = ""


class Notable(NamedTuple):
    """A household to try first, why, and what its story is, if it has one."""

    customer_id: str
    why: str
    story: Story | None = None


def customer_id(household: int) -> str:
    """The id a household is known by: `h-` and the number the grocer gave it."""
    return f"h-{household}"


def households(known: Mapping[int, Attributes]) -> list[Household]:
    """Every household of the data, by number, with its consent drawn."""
    return [
        Household(customer_id(number), known[number], consent(customer_id(number)))
        for number in sorted(known)
    ]


def consent(customer: str) -> dict[str, Status]:
    """What this customer said, by the rule above; a purpose left out was never asked."""
    marketing = uniform(customer, "demo marketing")
    personalisation = uniform(customer, "demo personalisation")
    said: dict[str, Status] = {
        "personalisation": "denied" if personalisation < _NO_PERSONALISATION else "granted"
    }
    if marketing < _DENIED:
        said["marketing"] = "granted" if marketing < _GRANTED else "denied"
    return said


def notables(everyone: Sequence[Household]) -> list[Notable]:
    """A handful of households that show what the engine can do, chosen by their figures."""
    chosen: list[Notable] = []
    for why, fits, story in _PORTRAITS:
        taken = {notable.customer_id for notable in chosen}
        fitting = [h for h in everyone if h.customer_id not in taken and fits(h)]
        best = max(fitting, key=lambda h: (_number(h, "spend_12w"), h.customer_id))
        chosen.append(Notable(best.customer_id, why, story))
    return chosen


def _agrees(household: Household) -> bool:
    return all(household.consent.get(p) == "granted" for p in ("marketing", "personalisation"))


def _keen_family(household: Household) -> bool:
    return _agrees(household) and _text(household, "coupon_habit") == "keen" and _kids(household)


def _baby(household: Household) -> bool:
    return _agrees(household) and _number(household, "share_baby") > 0.15


def _dog_and_away(household: Household) -> bool:
    away = 21 <= _number(household, "days_since_trip") <= 60
    fed = "good-dog" in _list(household, "buys") and _number(household, "share_pets") > 0.1
    return _agrees(household) and away and fed


def _never_a_coupon(household: Household) -> bool:
    never = _text(household, "coupon_habit") == "none"
    return _agrees(household) and never and "kids" not in household.attributes


def _said_no(household: Household) -> bool:
    return household.consent.get("marketing") == "denied"


def _stranger(household: Household) -> bool:
    return _agrees(household) and _number(household, "trips_12w") == 0


_HOUR = 3_600_000
_PORTRAITS: tuple[tuple[str, Callable[[Household], bool], Story | None], ...] = (
    (
        "a family that never forgets its coupons; refused ice cream on the phone, "
        "so nobody offers it for a month",
        _keen_family,
        Story("reject", 48 * _HOUR, offer="ice-cream"),
    ),
    ("a baby in the house, from what is bought: nobody told us", _baby, None),
    (
        "has a dog, and has not been in for weeks: offers, and a word that they are missed",
        _dog_and_away,
        None,
    ),
    (
        "spends much, hands in no coupons, told us nothing: purchases alone decide",
        _never_a_coupon,
        None,
    ),
    ("said no to marketing: news and help, and no offer anywhere", _said_no, None),
    (
        "has called to complain: an apology first, and no offers until it is closed",
        _agrees,
        Story("call", 3 * _HOUR, topic="complaint", status="open"),
    ),
    ("nothing bought in twelve weeks: a cold start", _stranger, None),
)


def _number(household: Household, name: str) -> float:
    value = household.attributes.get(name)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _text(household: Household, name: str) -> str:
    return str(household.attributes.get(name, ""))


def _list(household: Household, name: str) -> Sequence[object]:
    value = household.attributes.get(name)
    return value if isinstance(value, list) else ()


def _kids(household: Household) -> bool:
    return _number(household, "kids") > 0
