from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.domain import Action, Contacts, Event, Events, Interaction, Label, Tally
from engine.errors import Rejected
from engine.memory.contacts import confirm, give_back, held, release, remember_contacts
from engine.memory.interactions import MOST_FREE, MOST_LABELS, MOST_OPEN, remember_event

FIBRE = Action("fibre", "offer", "upgrade", "marketing")
PLUS = Action("plus", "offer", None, "marketing")
HOME = Label("fibre", "offer", "upgrade", "web", "home")


def contacted(
    contacts: Contacts | None = None,
    *actions: Action,
    decision: str = "d1",
    now: int = 1_000,
    hold_until: int = 0,
    ask: str = "",
    keep_after: int = 0,
) -> Contacts:
    taken = [(action, "web", "home") for action in actions or (FIBRE,)]
    before = contacts or Contacts()
    return remember_contacts(before, taken, decision, now, hold_until, ask, keep_after)


def interaction(
    type: str,
    at: int,
    id: str = "m",
    topic: str = "",
    status: str = "",
    closes: str = "",
    until: int = 0,
) -> Interaction:
    return Interaction(id, type, at, topic=topic, status=status, closes=closes, until=until)


def remembered(*interactions: Interaction, keep_after: int = 0) -> Events:
    events = Events()
    for one in interactions:
        events = remember_event(events, one, None, keep_after)
    return events


def totals(events: Events) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (label.type, label.topic): (tally.count, tally.last)
        for label, tally in zip(events.labels, events.tallies, strict=True)
    }


# ── contacts ─────────────────────────────────────────────────────────────────────────


def test_a_contact_is_remembered_as_what_it_was_then() -> None:
    contacts = contacted(None, FIBRE, PLUS)
    assert contacts.labels == (HOME, Label("plus", "offer", "", "web", "home"))
    assert [(row.at, row.label, row.decision, row.until) for row in contacts.rows] == [
        (1_000, 0, "d1", 0),
        (1_000, 1, "d1", 0),
    ]


def test_a_label_is_kept_once_however_many_contacts_it_had() -> None:
    contacts = contacted(contacted(), decision="d2", now=2_000)
    assert contacts.labels == (HOME,)
    assert [row.at for row in contacts.rows] == [1_000, 2_000]


def test_what_no_policy_asks_about_any_more_is_forgotten_with_its_label() -> None:
    contacts = contacted(contacted(), PLUS, decision="d2", now=5_000, keep_after=1_000)
    assert [label.action for label in contacts.labels] == ["plus"]
    assert [(row.label, row.decision) for row in contacts.rows] == [(0, "d2")]


def test_an_expired_hold_is_dropped_at_the_next_contact() -> None:
    hold = contacted(hold_until=1_500, ask="q")
    assert len(contacted(hold, PLUS, now=1_499).rows) == 2
    assert len(contacted(hold, PLUS, now=1_500).rows) == 1


def test_the_same_ask_finds_its_decision_until_the_hold_expires() -> None:
    hold = contacted(hold_until=1_500, ask="q")
    assert held(hold, "q", 1_499) == "d1"
    assert held(hold, "q", 1_500) is None
    assert held(hold, "another", 1_499) is None


def test_a_contact_that_counts_for_good_answers_no_ask() -> None:
    assert held(contacted(ask="q"), "q", 1_001) is None
    assert held(contacted(), "", 1_001) is None


def test_an_impression_makes_a_hold_count_for_good_from_when_it_was_decided() -> None:
    seen = confirm(contacted(hold_until=1_500, ask="q"), "d1", HOME, 1_000, 0)
    assert [(row.at, row.until, row.ask) for row in seen.rows] == [(1_000, 0, "")]
    assert held(seen, "q", 1_001) is None
    assert confirm(seen, "d1", HOME, 1_000, 0) == seen


def test_what_was_seen_after_its_hold_expired_counts_after_all() -> None:
    later = contacted(contacted(hold_until=1_500), PLUS, decision="d2", now=3_000)
    seen = confirm(later, "d1", HOME, 1_000, 0)
    assert [(row.at, row.decision, row.until) for row in seen.rows] == [
        (1_000, "d1", 0),
        (3_000, "d2", 0),
    ]
    assert confirm(later, "d1", HOME, 1_000, 1_000) == later


def test_an_answered_decision_is_not_repeated_and_its_other_holds_still_count() -> None:
    hold = contacted(None, FIBRE, PLUS, hold_until=1_500, ask="q")
    answered = release(hold, "d1")
    assert held(answered, "q", 1_001) is None
    assert [row.until for row in answered.rows] == [1_500, 1_500]
    assert release(hold, "d2") == hold


def test_what_was_not_sent_is_given_back_once() -> None:
    contacts = contacted(None, FIBRE, PLUS)
    back = give_back(contacts, "d1", HOME)
    assert [label.action for label in back.labels] == ["plus"]
    assert give_back(back, "d1", HOME) == back


# ── interactions ─────────────────────────────────────────────────────────────────────


def test_interactions_stand_in_order_of_when_they_happened() -> None:
    events = remembered(interaction("b", 20), interaction("a", 10), interaction("c", 15))
    assert [(row.at, events.labels[row.label].type) for row in events.rows] == [
        (10, "a"),
        (15, "c"),
        (20, "b"),
    ]


def test_old_rows_go_and_totals_stay() -> None:
    events = remembered(interaction("call", 10), interaction("call", 30), keep_after=10)
    assert [row.at for row in events.rows] == [30]
    assert totals(events) == {("call", ""): (2, 30)}


def test_memory_is_bounded_by_what_its_window_holds_however_long_we_know_a_customer() -> None:
    window, every = 90, 3
    events, sizes = Events(), set()
    for at in range(0, 10_000, every):
        events = remember_event(events, interaction("visit", at), None, at - window)
        sizes.add(len(events.rows))
    assert max(sizes) == window / every
    assert totals(events) == {("visit", ""): (3334, 9_999)}


def test_of_interactions_without_end_the_latest_are_rows_and_the_others_counted() -> None:
    events = remember_event(Events(), interaction("reject", 0), FIBRE, -1)
    events = remember_event(events, interaction("page", 1), None, -1)
    held = (*events.rows, *(Event(at, 1) for at in range(2, MOST_FREE)))
    events = replace(events, rows=held, tallies=(Tally(1, 0), Tally(MOST_FREE - 1, MOST_FREE)))
    sizes = []
    for at in range(MOST_FREE, MOST_FREE + 1_500):
        events = remember_event(events, interaction("page", at), None, -1)
        sizes.append(len(events.rows) - 1)
    assert (max(sizes), min(sizes)) == (MOST_FREE, MOST_FREE * 9 // 10)
    free = [row.at for row in events.rows[1:]]
    assert free == list(range(MOST_FREE + 1_500 - len(free), MOST_FREE + 1_500))
    assert events.rows[0].at == 0  # the rest that it started is not over for that
    assert totals(events)["page", ""][0] == MOST_FREE + 1_499


def test_a_snooze_outlives_the_memory_of_when_it_was_asked_for() -> None:
    asked = remember_event(Events(), interaction("snooze", 10, until=90), FIBRE, 0)
    later = remember_event(asked, interaction("call", 60), None, 50)
    assert later.rows[0] == Event(10, 0, 90)
    assert len(remember_event(later, interaction("call", 95), None, 90).rows) == 1


def test_only_a_snooze_has_an_end() -> None:
    assert remembered(interaction("call", 10, until=90)).rows == (Event(10, 0, 0),)


def test_a_matter_is_open_until_a_later_interaction_closes_its_topic() -> None:
    opened = interaction("call", 10, "t1", topic="complaint", status="open")
    closed = interaction("call", 20, "t2", topic="complaint", status="closed")
    other = interaction("call", 20, "t3", topic="bill", status="closed")
    early = interaction("call", 9, "t4", topic="complaint", status="closed")
    assert [matter.topic for matter in remembered(opened).open] == ["complaint"]
    assert remembered(opened, closed).open == ()
    assert len(remembered(opened, other).open) == 1
    assert len(remembered(opened, early).open) == 1


def test_closing_by_id_closes_that_matter_alone() -> None:
    opened = [
        interaction("call", at, f"t{at}", topic="complaint", status="open") for at in (10, 11)
    ]
    closing = interaction("letter", 20, topic="complaint", status="closed", closes="t10")
    assert [matter.id for matter in remembered(*opened, closing).open] == ["t11"]


SOME = st.builds(
    interaction,
    st.sampled_from(("call", "visit", "letter")),
    st.integers(1, 100),
    topic=st.sampled_from(("", "bill")),
)


@settings(max_examples=200)
@given(st.lists(SOME, max_size=12), st.randoms(use_true_random=False), st.integers(0, 100))
def test_totals_come_out_the_same_in_whatever_order_interactions_arrive(
    interactions: list[Interaction], order: Random, keep_after: int
) -> None:
    shuffled = list(interactions)
    order.shuffle(shuffled)
    one = remembered(*interactions, keep_after=keep_after)
    other = remembered(*shuffled, keep_after=keep_after)
    assert totals(one) == totals(other)
    counted = Counter((each.type, each.topic) for each in interactions)
    assert {key: count for key, (count, _) in totals(one).items()} == dict(counted)
    assert [row.at for row in one.rows] == sorted(
        each.at for each in interactions if each.at > keep_after
    )


@settings(max_examples=200)
@given(st.lists(SOME, min_size=1, max_size=12), st.integers(0, 200))
def test_totals_never_shrink(interactions: list[Interaction], keep_after: int) -> None:
    events = Events()
    for one in interactions:
        after = remember_event(events, one, None, keep_after)
        for key, (count, last) in totals(events).items():
            assert totals(after)[key] >= (count, 0)
            assert totals(after)[key][1] >= last
        events = after
    assert sum(tally.count for tally in events.tallies) == len(interactions)


# ── bounds ───────────────────────────────────────────────────────────────────────────


def test_a_customer_s_memory_stays_small_whatever_words_the_caller_makes_up() -> None:
    events = remembered(*(interaction(f"word-{at}", at) for at in range(MOST_LABELS + 50)))
    events = remember_event(events, interaction("reject", 9_000), FIBRE, 0)
    events = remember_event(events, interaction("word-7", 9_001), None, 0)
    counted = totals(events)
    assert len(events.labels) == len(events.tallies) == MOST_LABELS + 2
    assert counted["other", ""] == (50, MOST_LABELS + 49)
    assert counted["reject", ""] == (1, 9_000)
    assert counted["word-7", ""] == (2, 9_001)
    assert [events.labels[row.label].type for row in events.rows[-2:]] == ["reject", "word-7"]


def test_a_matter_too_many_is_rejected_until_one_is_closed() -> None:
    opened = [interaction("call", at, str(at), "delay", "open") for at in range(MOST_OPEN)]
    full = remembered(*opened)
    one_more = interaction("call", 9_000, "m", "delay", "open")
    with pytest.raises(Rejected, match="close one first"):
        remember_event(full, one_more, None, 0)
    freed = remember_event(full, interaction("call", 8_000, "c", closes="3"), None, 0)
    assert len(remember_event(freed, one_more, None, 0).open) == MOST_OPEN
