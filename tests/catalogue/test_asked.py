"""What a catalogue asks of its callers."""

from __future__ import annotations

from typing import Any

from tests.builders import action, catalogue


def offer(**overrides: Any) -> dict[str, Any]:
    content = {"title": "Hello {{ customer.first_name }}, {{ context.page | default('here') }}"}
    treatment = {"id": "hero", "placement": "home.hero", "content": content}
    return action("fibre", **{"treatments": [treatment], **overrides})


def test_what_conditions_values_segments_and_templates_look_at_is_asked_for() -> None:
    one = catalogue(
        actions=[offer(value="customer.spend_12m * 0.1", eligibility=["segment.loyal"])],
        segments={"loyal": "customer.tenure_months > 12"},
    )
    assert one.asked == {
        ("customer", "first_name"),
        ("customer", "spend_12m"),
        ("customer", "tenure_months"),
        ("context", "page"),
    }


def test_what_has_a_default_is_not_asked_for() -> None:
    one = catalogue(actions=[action("fibre", eligibility=["customer.churn_risk > 0.5"])])
    assert not one.asked
