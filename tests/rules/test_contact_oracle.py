"""Contact policies agree with their definitions on random histories, edges included.

TELLER_EXAMPLES sets how many histories; the full proof is 100,000.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.domain import (
    Action,
    Contact,
    Contacts,
    Event,
    EventLabel,
    Events,
    Facts,
    Kind,
    Label,
    Selector,
    Tally,
)
from engine.rules.contact import ContactPolicies
from engine.rules.limits import Cap, KeepOut, Per, Policy, Quiet, Rest
from engine.rules.masks import indices
from engine.rules.windows import DAY, Calendar, Sliding, Window

from . import contact_oracle as oracle
from .contact_oracle import Customer, Happening

EXAMPLES = int(os.environ.get("TELLER_EXAMPLES", "3000"))
HOUR = 60 * 60 * 1000
CHANNELS = {"web": ("home", "cart"), "email": ("letter",)}
KINDS: tuple[Kind, ...] = ("offer", "message", "service")
OUTCOMES = ("reject", "dismiss", "snooze", "complain", "accept")
PERS: tuple[Per | None, ...] = (None, "action", "group", "kind", "channel", "placement")
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Lisbon",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Sao_Paulo",
        "America/Goose_Bay",
    )
]
NAMED = [zone.key for zone in ZONES] + ["Not/AZone", "../../etc/passwd", "", "America", None, 7]
# Changes of the clock, to the day: forth and back, by half an hour, at midnight, back across
# midnight, and a day skipped.
CHANGES = [
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2026, 10, 3, tzinfo=UTC),
    datetime(2011, 12, 30, tzinfo=UTC),
    datetime(2018, 11, 4, tzinfo=UTC),
    datetime(2018, 2, 18, tzinfo=UTC),
    datetime(2010, 11, 7, tzinfo=UTC),
]


class Evaluation(NamedTuple):
    false: list[int]
    unknown: list[int]


class World:
    """One drawing of actions, policies, a moment and a customer."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.actions = self._actions()
        self.policies = [self._policy(number) for number in range(self.random.randint(1, 6))]
        self.now = self._moment()
        self.contacts = [self._happening(holds=True) for _ in range(self.random.randint(0, 10))]
        self.outcomes = [self._outcome() for _ in range(self.random.randint(0, 8))]
        self.false = [number for number in range(3) if self.random.random() < 0.5]
        named = self.random.choice(NAMED)
        self.attributes = {} if named is None else {"timezone": named}
        self.channel = self.random.choice(list(CHANNELS))

    def _actions(self) -> list[Action]:
        groups = ("up", "keep", None)
        count = self.random.randint(1, 6)
        return [
            Action(f"a{i}", self.random.choice(KINDS), self.random.choice(groups), None)
            for i in range(count)
        ]

    def _moment(self) -> int:
        draw = self.random
        if draw.random() < 0.3:
            return self._midnight() + draw.choice((-1, 0, 1, draw.randrange(DAY)))
        if draw.random() < 0.3:
            return self._striking() + draw.choice((-1, 0, 1))
        change = draw.choice(CHANGES) + timedelta(days=draw.choice((-1, 0, 0, 0, 1, 2, 6)))
        return round(change.timestamp() * 1000) + draw.randrange(DAY) // 60_000 * 60_000

    def _midnight(self) -> int:
        change = self.random.choice(CHANGES) + timedelta(days=self.random.randint(-2, 8))
        return oracle.day_begins(self.random.choice(ZONES), change.date())

    def _striking(self) -> int:
        """When quiet hours begin or end somewhere, if there are any."""
        draw, change = self.random, self.random.choice(CHANGES)
        times = [
            at for one in self.policies if isinstance(one, Quiet) for at in (one.start, one.end)
        ]
        clock = draw.choice(times or [time(0)])
        moment = datetime.combine(change.date(), clock, draw.choice(ZONES))
        return round(moment.timestamp() * 1000)

    def _selector(self) -> Selector:
        def some(values: Sequence[str]) -> frozenset[str]:
            if self.random.random() < 0.75:
                return frozenset()
            return frozenset(self.random.sample(values, self.random.randint(1, 2)))

        return Selector(
            kind=some(KINDS),
            group=some(("up", "keep")),
            action=some(("a0", "a1", "gone")),
            channel=some(("web", "email")),
            placement=some(("home", "cart", "letter")),
        )

    def _window(self) -> Window:
        draw = self.random
        if draw.random() < 0.5:
            return Sliding(draw.choice((HOUR, DAY, 7 * DAY)))
        unit = draw.choice(("day", "week"))
        return Calendar(draw.randint(1, 3), "day" if unit == "day" else "week", draw.choice(ZONES))

    def _policy(self, number: int) -> Policy:
        draw = self.random
        what, id, applies, per = draw.random(), f"p{number}", self._selector(), draw.choice(PERS)
        if what < 0.5:
            return Cap(id, applies, draw.randint(1, 3), self._window(), per)
        if what < 0.75:
            after = frozenset(draw.sample(OUTCOMES, draw.randint(1, 2)))
            return Rest(id, applies, after, draw.choice((HOUR, DAY, 30 * DAY)), per)
        if what < 0.85:
            return KeepOut(id, draw.randrange(3), applies)
        start, end = (time(draw.randrange(24), draw.choice((0, 30))) for _ in range(2))
        attribute = draw.choice(("timezone", None))
        return Quiet(id, applies, start, end, draw.choice(ZONES), attribute)

    def _time(self) -> int:
        """Now and then exactly on, or a millisecond beside, the edge of a window or a rest."""
        draw, beside = self.random, self.random.choice((-1, 0, 1))
        policy = draw.choice(self.policies)
        if isinstance(policy, Rest) and draw.random() < 0.5:
            return self.now - policy.rest + beside
        if isinstance(policy, Cap) and draw.random() < 0.7:
            if isinstance(policy.window, Sliding):
                return self.now - policy.window.length + beside
            day = oracle.day_of(policy.window.zone, self.now)
            day -= timedelta(days=draw.randint(0, 9))
            return min(self.now, oracle.day_begins(policy.window.zone, day) + beside)
        return self.now - draw.randrange(32 * DAY)

    def _happening(self, *, holds: bool) -> Happening:
        draw = self.random
        if draw.random() < 0.15:  # an action that has since left the catalogue
            what = Action("gone", draw.choice(KINDS), draw.choice(("up", None)), None)
        else:
            what = draw.choice(self.actions)
        channel = draw.choice(list(CHANNELS))
        until = self.now + draw.choice((-1, 0, 1, HOUR)) if holds and draw.random() < 0.3 else 0
        place = draw.choice(CHANNELS[channel])
        return Happening(self._time(), what.id, what.kind, what.group or "", channel, place, until)

    def _outcome(self) -> Happening:
        one = self._happening(holds=False)
        type = self.random.choice(OUTCOMES)
        until = self.now + self.random.choice((-1, 0, 1, DAY)) if type == "snooze" else 0
        return Happening(
            one.at, one.action, one.kind, one.group, one.channel, one.placement, until, type
        )


def remembered_contacts(happenings: Sequence[Happening]) -> Contacts:
    labels: dict[Label, int] = {}
    rows = []
    for one in sorted(happenings, key=lambda one: one.at):
        label = Label(one.action, one.kind, one.group, one.channel, one.placement)
        rows.append(Contact(one.at, labels.setdefault(label, len(labels)), "d", one.until))
    return Contacts(tuple(labels), tuple(rows))


def remembered_events(happenings: Sequence[Happening]) -> Events:
    labels: dict[EventLabel, int] = {}
    rows = []
    for one in sorted(happenings, key=lambda one: one.at):
        label = EventLabel(one.type, one.action, one.kind, one.group, one.channel, one.placement)
        rows.append(Event(one.at, labels.setdefault(label, len(labels)), one.until))
    tallies = [
        Tally(len(times), max(times))
        for index in range(len(labels))
        for times in [[row.at for row in rows if row.label == index]]
    ]
    return Events(tuple(labels), tuple(rows), tuple(tallies))


def disagreement(seed: int) -> str | None:
    """Fill a few slots; what the engine and the definitions say differently, if anything."""
    world = World(seed)
    check = ContactPolicies(world.policies, world.actions).check(
        remembered_contacts(world.contacts),
        Facts(
            world.attributes,
            {},
            remembered_events(world.outcomes),
            world.channel,
            world.now,
        ),
        Evaluation(world.false, []),
    )
    contacts = list(world.contacts)
    for placement in [*CHANNELS[world.channel], CHANNELS[world.channel][0]]:
        for _ in range(2):
            customer = Customer(contacts, world.outcomes, world.false, world.attributes)
            meant = oracle.kept_out(
                world.policies, world.actions, customer, world.now, world.channel, placement
            )
            found = {
                (knockout.reason, world.actions[index].id)
                for knockout in check.knockouts(placement)
                for index in indices(knockout.mask).tolist()
            }
            if found != meant:
                return f"seed {seed} at {placement}: meant {meant - found}, found {found - meant}"
            index = world.random.randrange(len(world.actions))
            taken = world.actions[index]
            check.take(index, placement)
            contacts.append(
                Happening(
                    world.now, taken.id, taken.kind, taken.group or "", world.channel, placement
                )
            )
    return None


def test_contact_policies_mean_what_their_definitions_say_whatever_the_history() -> None:
    disagreements = [found for seed in range(EXAMPLES) if (found := disagreement(seed))]
    assert disagreements == []
