"""What a model looks at: as declared in a file, or found in what is there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from engine.errors import Misconfigured
from engine.models.features import Category, Feature, Members, Number
from tests.builders import catalogue
from training.batch.declared import MOST_WORDS, apart, automatic, read_features
from training.batch.mapping import to_past
from training.dataset import Examples
from training.offpolicy.mapping import Columns

CATALOGUE = catalogue()


def table(**columns: list[object]) -> Examples:
    """Rows with these attributes of the customer, offered fibre and plus in turn."""
    rows = len(next(iter(columns.values())))
    frame = pd.DataFrame(
        {**columns, "action": ["fibre", "plus"] * (rows // 2), "reward": [0] * rows}
    )
    return to_past(frame, Columns("action", "reward", tuple(columns)), None).table


def found(table: Examples) -> dict[str, Feature]:
    return {feature.name: feature for feature in automatic(table, None)}


def test_numbers_truths_words_and_lists_are_told_apart_and_free_text_is_left_out() -> None:
    many = [f"word {i}" for i in range(MOST_WORDS + 2)]
    rows = len(many)
    features = found(
        table(
            age=[1, 2.5] * (rows // 2),
            loyal=[True, None] * (rows // 2),
            plan=["basic", "plus"] * (rows // 2),
            likes=[["fibre"], ["fibre", "plus"]] * (rows // 2),
            note=many,
        )
    )
    assert isinstance(features["customer.age"].encoding, Number)
    assert features["customer.loyal"].encoding == Category((True, False))
    assert features["customer.plan"].encoding == Category(("basic", "plus"), other=True)
    assert features["customer.likes"].encoding == Members(("fibre", "plus"))
    assert features["customer.likes"].match == "id"
    assert "customer.note" not in features


def test_what_is_missing_in_a_file_is_unknown_and_times_are_milliseconds() -> None:
    frame = pd.DataFrame(
        {
            "plan": ["basic", None],
            "age": [7, None],
            "since": [pd.Timestamp("1970-01-01T00:00:01Z"), pd.NaT],
            "action": ["fibre", "plus"],
            "reward": [1.0, 0.0],
        }
    )
    columns = Columns("action", "reward", {"tariff": "plan", "age": "age", "since": "since"})
    first, second = to_past(frame, columns, None).table.facts
    assert first.customer == {"tariff": "basic", "age": 7.0, "since": 1000}
    assert second.customer == {}


def test_actions_are_as_the_catalogue_or_else_the_mapping_has_them() -> None:
    frame = pd.DataFrame({"action": ["fibre", "odd"], "reward": [1.0, 0.0]})
    actions = to_past(frame, Columns("action", "reward"), CATALOGUE).table.actions
    assert actions[0] == CATALOGUE.actions[CATALOGUE.index["fibre"]]
    assert (actions[1].id, actions[1].kind, actions[1].group) == ("odd", "offer", None)


def test_of_a_catalogue_s_features_those_are_taken_that_the_rows_say_something_of() -> None:
    rows = table(plan=["basic", "plus"], tenure_months=[3, 3])
    assert [feature.name for feature in automatic(rows, CATALOGUE)] == ["customer.plan"]


def test_nothing_to_look_at_is_said() -> None:
    with pytest.raises(Misconfigured, match="nothing a model could look at"):
        automatic(table(note=[None, None]), None)


def features_file(folder: Path, text: str) -> Path:
    (folder / "features.yaml").write_text(text)
    return folder / "features.yaml"


def test_features_may_be_declared_in_yaml(tmp_path: Path) -> None:
    text = """
- {name: plan, source: customer.plan, encoding: {type: category, values: [basic, plus]}}
- name: rejects
  source: history.count
  event: reject
  within: 604800000
  encoding: {type: number}
  by: [group]
"""
    plan, rejects = read_features(features_file(tmp_path, text), CATALOGUE)
    assert plan == Feature("plan", "customer.plan", Category(("basic", "plus")))
    assert (rejects.within, rejects.by) == (604_800_000, ("group",))
    assert [one.by for one in apart((plan, rejects))] == [("id",), ("group", "id")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {name: a, source: customer.plam, encoding: {type: number}}", "did you mean 'plan'"),
        ("- {name: a, source: custmer.plan, encoding: {type: number}}", "did you mean 'customer.'"),
        ("- {name: a, source: customer.plan, encoding: {type: numbr}}", "numbr"),
        ("nonsense", "Expected `array`"),
    ],
)
def test_a_feature_at_fault_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        read_features(features_file(tmp_path, text), CATALOGUE)
