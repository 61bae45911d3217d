"""A made-up world whose truth is known: who answers what, and how likely."""

from __future__ import annotations

import numpy as np

from engine.domain import Action, Value
from engine.models.features import Category, Feature, Members, Number
from training.dataset import Examples, examples

ACTIONS = [
    Action("isa", "offer", "savings", "marketing"),
    Action("loan", "offer", "credit", "marketing"),
    Action("card", "offer", "credit", "marketing"),
    Action("tips", "message", None, "marketing"),
]
FEATURES = (
    Feature("age", "customer.age", Number(indicator=True)),
    Feature("spend", "customer.spend", Number(), by=("group",)),
    Feature("plan", "customer.plan", Category(("basic", "plus")), by=("id",)),
    Feature("likes", "customer.likes", Members(("isa", "loan", "card")), match="id"),
)
HOUR = 3_600_000
CUSTOMERS = 300


def a_world(rows: int = 4000, seed: int = 1) -> Examples:
    """`rows` offers an hour apart, to 300 customers; savings draw those who spend."""
    rng = np.random.default_rng(seed)
    people = [a_person(rng) for _ in range(CUSTOMERS)]
    whose = rng.integers(CUSTOMERS, size=rows).tolist()
    shown = [ACTIONS[i] for i in rng.integers(len(ACTIONS), size=rows)]
    facts = [people[i] for i in whose]
    logits = np.array([truth(who, what) for who, what in zip(facts, shown, strict=True)])
    return examples(
        customers=facts,
        actions=shown,
        labels=(rng.random(rows) < 1 / (1 + np.exp(-logits))).astype(float).tolist(),
        at=[i * HOUR for i in range(rows)],
        channels="web",
        subjects=whose,
    )


def a_person(rng: np.random.Generator) -> dict[str, Value]:
    person: dict[str, Value] = {
        "spend": float(rng.gamma(2, 60)),
        "plan": str(rng.choice(["basic", "plus", "fibre"])),
        "likes": [str(rng.choice(["isa", "loan", "card"]))],
    }
    if rng.random() < 0.8:
        person["age"] = int(rng.integers(18, 90))
    return person


def truth(who: dict[str, Value], what: Action) -> float:
    """The logit that the labels are drawn from."""
    spend, likes = who["spend"], who["likes"]
    assert isinstance(spend, float)
    assert isinstance(likes, list)
    pull = (spend - 120) / 60 if what.group == "savings" else -0.2
    return pull - 1.0 + 1.5 * (what.id in likes) + 0.5 * (who["plan"] == "plus")
