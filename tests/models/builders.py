"""Features, actions and facts, with only what matters to a test spelled out."""

from __future__ import annotations

from collections.abc import Mapping

from engine.domain import Action, Event, EventLabel, Events, Facts, Kind, Tally, Value
from engine.models.features import Category, Feature, Members, Number

NOW = 1_700_000_000_000
DAY = 86_400_000


def an_action(id: str, group: str | None = None, kind: Kind = "offer") -> Action:
    return Action(id=id, kind=kind, group=group, purpose="marketing")


def facts(
    customer: Mapping[str, Value] | None = None,
    context: Mapping[str, Value] | None = None,
    events: Events | None = None,
    channel: str = "web",
) -> Facts:
    return Facts(customer or {}, context or {}, events or Events(), channel, NOW)


def rejections(*days_ago: int) -> Events:
    at = sorted(NOW - days * DAY for days in days_ago)
    return Events(
        labels=(EventLabel("reject", group="savings"),),
        rows=tuple(Event(time, 0) for time in at),
        tallies=(Tally(len(at), at[-1]),),
    )


AGE = Feature("age", "customer.age", Number(40.0, 10.0, missing=40.0, indicator=True))
SPEND = Feature("spend", "customer.spend", Number(100.0, 50.0), by=("group",))
PLAN = Feature("plan", "customer.plan", Category(("basic", "plus"), other=True), by=("kind",))
TAGS = Feature("tags", "customer.tags", Members(("debt", "vip")))
PAGE = Feature("page", "context.page", Category(("/home", "/pay")))
CHANNEL = Feature("channel", "channel", Category(("web", "email")))
FEATURES = (AGE, SPEND, PLAN, TAGS, PAGE, CHANNEL)
REJECTS = Feature(
    "rejects", "history.count", Number(), event="reject", where={"group": "savings"}, within=7 * DAY
)
SINCE = Feature(
    "since", "history.days_since", Number(scale=10.0, missing=99.0, indicator=True), event="reject"
)
