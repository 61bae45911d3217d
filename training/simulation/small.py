"""A small world out of nothing: eight offers, a few hundred people, seasons and drift.

People differ in what the engine is told (age, spend, plan, likes) and in what it is not: a
taste of their own that no attribute shows.
"""

from __future__ import annotations

import json

import numpy as np

from engine.domain import Value
from training.simulation.world import Person, Vector, World

ABOUT = (
    "Made up, all of it: 8 offers of three groups, people with an age, a spend, a plan and two "
    "likings, a taste nobody is told of, seasons of half a year and offers that wear out."
)
OFFERS = {
    "isa": ("savings", 4.0),
    "bond": ("savings", 6.0),
    "fund": ("savings", 9.0),
    "loan": ("credit", 8.0),
    "card": ("credit", 5.0),
    "mortgage": ("credit", 10.0),
    "travel": ("cover", 5.0),
    "home": ("cover", 6.0),
}
PLANS = ("basic", "plus", "gold")
YEAR = 180.0
_HIDDEN = 0.5
_BASE = -2.6


def small_world(people: int, seed: int) -> World:
    """That many people, drawn by `seed`."""
    chance = np.random.default_rng((seed, 2))
    told = [_person(chance) for _ in range(people)]
    phases = chance.random(len(OFFERS))
    return World(
        about=ABOUT,
        files={"catalogue.yaml": json.dumps(_catalogue()).encode()},
        people=[
            Person(f"s-{number}", attributes, ("marketing", "personalisation"))
            for number, attributes in enumerate(told)
        ],
        channel="web",
        placement="home.hero",
        actions=tuple(OFFERS),
        tastes=np.array([_taste(one) for one in told])
        + chance.normal(0.0, _HIDDEN, (people, len(OFFERS))),
        seasons=np.column_stack([np.full(len(OFFERS), 0.6), phases]),
        drifts=chance.normal(0.0, 0.8, len(OFFERS)),
        year=YEAR,
    )


def _person(chance: np.random.Generator) -> dict[str, Value]:
    likes = chance.choice(list(OFFERS), 2, replace=False)
    return {
        "age": int(chance.integers(18, 80)),
        "spend": round(float(chance.gamma(2.0, 60.0)), 2),
        "plan": str(chance.choice(PLANS)),
        "likes": [str(one) for one in likes],
    }


def _taste(told: dict[str, Value]) -> Vector:
    """Log odds of each offer, by what is told: the young borrow, those who spend save, and
    plans go with cover; twice as much where somebody likes it and is of middle age."""
    age, spend, plan, likes = told["age"], told["spend"], told["plan"], told["likes"]
    assert isinstance(age, int) and isinstance(spend, float) and isinstance(likes, list)  # noqa: S101
    pull = {
        "savings": 0.8 * (spend - 120.0) / 85.0,
        "credit": 0.8 * (40.0 - age) / 18.0,
        "cover": 0.9 * (plan != "basic"),
    }
    middle = 1.0 if 30 <= age < 60 else 0.0
    return np.array(
        [_BASE + pull[group] + (1.2 + middle) * (id in likes) for id, (group, _) in OFFERS.items()]
    )


def _catalogue() -> dict[str, object]:
    return {
        "schema": {
            "attributes": {
                "age": {"type": "int"},
                "spend": {"type": "double"},
                "plan": {"type": "string", "enum": list(PLANS)},
                "likes": {"type": "list<string>", "enum": list(OFFERS)},
            },
            "purposes": ["marketing", "personalisation"],
        },
        "groups": {
            group: {"kind": "offer", "purpose": "marketing"}
            for group in sorted({group for group, _ in OFFERS.values()})
        },
        "actions": [
            {
                "id": id,
                "group": group,
                "value": value,
                "treatments": [{"id": "hero", "placement": "home.hero", "content": {"title": id}}],
            }
            for id, (group, value) in OFFERS.items()
        ],
        "contact": [
            {"id": "thrice-a-week", "applies": {"kind": "offer"}, "per": "action", "cap": 3,
             "window": "7d"},
            {"id": "rest-after-yes", "applies": {"kind": "offer"}, "per": "action",
             "after": ["accept"], "rest": "14d"},
        ],
        "placements": [
            {"id": "home.hero", "channel": "web", "slots": 1, "fallback": {"title": "Welcome"}}
        ],
        "strategy": {
            "weights": {"customer": 0.0},
            "exploration": {"method": "thompson", "floor": 0.02},
            "positive": {"accept": 1.0},
            "attribution": "7d",
        },
    }  # fmt: skip
