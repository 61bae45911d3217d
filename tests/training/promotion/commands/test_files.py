"""`teller promote` on a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from engine.models.features import Category, Feature
from engine.models.online.learner import Learner
from tests.training.houses import NAMES, PLANS, RATES, explored
from tests.training.promotion.commands.house import BEST, House

FILE = """
action: offer
reward: accepted
selection_probability: chance
customer: [plan]
subject: household
at: day
"""


def test_a_model_may_be_judged_on_a_file(house: House, tmp_path: Path) -> None:
    rows = [
        {"offer": one, "plan": plan, "chance": 1 / 3, "household": f"{plan}{number}"}
        | {"accepted": int(number < 400 * RATES[plan][one]), "day": f"2026-01-{number % 2 + 1:02}"}
        for plan in PLANS
        for one in RATES[plan]
        for number in range(400)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "past.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(FILE)
    words = ["--judge", str(tmp_path / "past.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    done = house.promote(house.publish(), *words)
    assert done.exit_code == 0, done.output
    assert "offers: 2,400" in done.output
    values = dict(zip(NAMES, (3.0, 2.9, 2.8), strict=True))
    best = {plan: explored(BEST[plan]) for plan in PLANS}
    truth = np.mean([sum(best[p][a] * RATES[p][a] * values[a] for a in NAMES) for p in PLANS])
    assert f"value of a decision: {truth:.4f}" in done.output
    worse = house.promote(house.publish(-1.0), *words)
    assert worse.exit_code == 3
    assert "  earns-less: " in worse.output
    assert "give both" in house.promote(house.publish(), *words[:2]).output


def test_a_version_is_judged_on_those_rows_of_a_file_that_came_after_what_it_learnt_from(
    house: House, tmp_path: Path
) -> None:
    rows = [
        {"offer": "a", "plan": plan, "chance": 1.0, "household": number, "accepted": number % 2}
        | {"day": f"2026-01-{number % 20 + 1:02}"}
        for number, plan in enumerate(PLANS * 600)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "past.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(FILE)
    words = ["--judge", str(tmp_path / "past.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    first = int(datetime(2026, 1, 11, tzinfo=UTC).timestamp() * 1000)
    half = house.promote(house.publish(report={"cut": first}), *words)
    assert "  offers: 600\n" in half.output
    none = house.promote(house.publish(report={"cut": 3 * first}), *words)
    since = f"{datetime.fromtimestamp(3 * first / 1000, UTC):%Y-%m-%dT%H:%MZ}"
    assert f"past.csv came after {since}, up to when it or the champion had learnt" in none.output


@pytest.mark.parametrize("days", ["at: day\n", ""])
def test_a_file_says_nothing_of_the_learner_nor_against_it(
    house: House, tmp_path: Path, days: str
) -> None:
    learner = Learner((Feature("plan", "customer.plan", Category(PLANS)),))
    learner.know(house.world.catalogue.actions)
    snapshot = msgspec.json.encode(learner.snapshot())
    said = {"at": house.world.now, "answers": 9_000}
    learned = house.registry.publish("propensity", "online", snapshot, said)
    house.registry.promote("propensity", learned, "learned")
    rows = [
        {"offer": one, "plan": plan, "chance": 1 / 3, "household": f"{plan}{number}"}
        | {"accepted": int(number < 400 * RATES[plan][one]), "day": "2026-01-01"}
        for plan in PLANS
        for one in RATES[plan]
        for number in range(400)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "past.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(FILE.replace("at: day\n", days))
    words = ["--judge", str(tmp_path / "past.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    for version in (house.publish(), "learned"):
        done = house.promote(version, *words)
        assert done.exit_code == 3
        assert "  no-evidence: a file says nothing of the learner, nor against it" in done.output
        assert "auc" not in done.output


def test_where_nobody_knows_the_chances_what_it_would_earn_is_not_known_either(
    house: House, tmp_path: Path
) -> None:
    (tmp_path / "past.csv").write_text(
        "offer,plan,household,day,accepted\n"
        + "".join(f"a,{PLANS[n % 2]},{n},2026-01-01,{int(n % 6 < 2)}\n" for n in range(600))
    )
    (tmp_path / "mapping.yaml").write_text(FILE.replace("selection_probability: chance\n", ""))
    words = ["--judge", str(tmp_path / "past.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    said = house.promote(house.publish(), *words).output
    assert "  offers: 600\n" in said
    assert "  unproven: what it would earn is not known: there is no decision" in said
