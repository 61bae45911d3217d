"""Merging is a matter of what is known, not of who came first."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.domain import (
    Consent,
    Contact,
    Contacts,
    CustomerState,
    Event,
    EventLabel,
    Events,
    Label,
    Matter,
    Pointer,
    Tally,
    Told,
)
from engine.identity import MADE, claim, merge, named, ranked, retold, shared, times_of
from engine.rules.consent import later
from tests.builders import customer

LABELS = tuple(Label(action, "offer", "g", "web", "home") for action in "abc")
EVENT_LABELS = tuple(EventLabel(kind, topic="t") for kind in ("call", "letter", "click"))
times = st.integers(1, 5)
values = st.sampled_from(["x", "y", 1, 1.0, True, ["x"]])


def drawn_consent() -> st.SearchStrategy[dict[str, Consent]]:
    said = st.builds(Consent, st.sampled_from(["granted", "denied"]), times, st.sampled_from("st"))
    return st.dictionaries(st.sampled_from(["marketing", "profiling"]), said)


@st.composite
def drawn_contacts(draw: st.DrawFn, name: str) -> Contacts:
    labels = draw(st.lists(st.sampled_from(LABELS), unique=True, min_size=1))
    rows = draw(
        st.lists(
            st.builds(
                Contact,
                times,
                st.integers(0, len(labels) - 1),
                st.sampled_from([f"{name}1", f"{name}2"]),
                st.sampled_from([0, 9]),
                st.sampled_from(["", "ask"]),
            ),
            max_size=4,
        )
    )
    return Contacts(tuple(labels), tuple(sorted(rows, key=lambda row: row.at)))


@st.composite
def drawn_events(draw: st.DrawFn) -> Events:
    labels = draw(st.lists(st.sampled_from(EVENT_LABELS), unique=True, min_size=1))
    rows = st.builds(Event, times, st.integers(0, len(labels) - 1), st.sampled_from([0, 7]))
    tallies = st.lists(st.builds(Tally, times, times), min_size=len(labels), max_size=len(labels))
    matters = st.lists(st.builds(Matter, st.sampled_from("mn"), st.just("t"), times), max_size=2)
    return Events(
        tuple(labels),
        tuple(sorted(draw(st.lists(rows, max_size=4)), key=lambda row: row.at)),
        tuple(draw(tallies)),
        tuple(draw(matters)),
    )


@st.composite
def drawn_customer(draw: st.DrawFn, name: str) -> CustomerState:
    attributes = draw(st.dictionaries(st.sampled_from("pqr"), values))
    since = draw(st.dictionaries(st.sampled_from("pqr"), times))
    return CustomerState(
        name,
        revision=1,
        created=draw(times),
        clock=draw(times),
        attributes=attributes,
        told=Told(draw(times), since),
        consent=draw(drawn_consent()),
        contacts=draw(drawn_contacts(name)),
        events=draw(drawn_events()),
        identities=tuple(draw(st.sets(st.sampled_from(["email:a", "email:b"])))),
        subject=f"subject of {name}",
    )


three = st.tuples(drawn_customer("a"), drawn_customer("b"), drawn_customer("c"))


def together(one: CustomerState, other: CustomerState) -> CustomerState:
    return merge(*ranked(one, other))


@settings(max_examples=150)
@given(three)
def test_three_customers_merged_in_any_order_have_the_same_memory(
    all_of_them: tuple[CustomerState, ...],
) -> None:
    merged = [reduce(together, order) for order in permutations(all_of_them)]
    one, two, last = all_of_them
    merged.append(together(one, together(two, last)))
    assert all(each == merged[0] for each in merged)


@settings(max_examples=150)
@given(three)
def test_every_contact_and_every_interaction_still_counts(
    all_of_them: tuple[CustomerState, ...],
) -> None:
    merged = reduce(together, all_of_them)
    assert contacts_of(merged) == sum(map(contacts_of, all_of_them), Counter())
    assert events_of(merged) == sum(map(events_of, all_of_them), Counter())
    assert totals_of(merged) == sum(map(totals_of, all_of_them), Counter())
    assert set(merged.events.open) == {m for one in all_of_them for m in one.events.open}
    ats = [row.at for row in merged.contacts.rows]
    assert ats == sorted(ats)


@settings(max_examples=150)
@given(three)
def test_a_no_of_anyone_merged_is_a_no(all_of_them: tuple[CustomerState, ...]) -> None:
    merged = reduce(together, all_of_them)
    for purpose, said in merged.consent.items():
        before = {one.consent[purpose].status for one in all_of_them if purpose in one.consent}
        assert (said.status == "denied") == ("denied" in before)


@settings(max_examples=150)
@given(three)
def test_an_attribute_is_what_was_told_last(all_of_them: tuple[CustomerState, ...]) -> None:
    merged = reduce(together, all_of_them)
    for name in "pqr":
        last = max(times_of(one).get(name, -1) for one in all_of_them)
        latest = [one for one in all_of_them if times_of(one).get(name, -1) == last]
        held = [repr(one.attributes.get(name)) for one in latest]
        assert repr(merged.attributes.get(name)) in held


def contacts_of(state: CustomerState) -> Counter[object]:
    labels = state.contacts.labels
    return Counter(
        (labels[row.label], row.at, row.decision, row.until, row.ask) for row in state.contacts.rows
    )


def events_of(state: CustomerState) -> Counter[object]:
    labels = state.events.labels
    return Counter((labels[row.label], row.at, row.until) for row in state.events.rows)


def totals_of(state: CustomerState) -> Counter[object]:
    return Counter(
        {
            label: tally.count
            for label, tally in zip(state.events.labels, state.events.tallies, strict=True)
        }
    )


def test_who_was_created_first_survives_then_the_smaller_id() -> None:
    old, new = replace(customer("z"), created=1), replace(customer("a"), created=2)
    assert ranked(new, old) == (old, new)
    same = replace(customer("b"), created=2)
    assert ranked(same, new) == (new, same)


def test_a_survivor_knows_its_former_names() -> None:
    one = replace(customer("a"), subject="s-a", formerly=("s-x",), merged=("x",))
    merged = merge(one, replace(customer("b"), subject="s-b"))
    assert (merged.customer_id, merged.subject) == ("a", "s-a")
    assert (merged.merged, merged.formerly) == (("b", "x"), ("s-b", "s-x"))


def test_a_forgotten_attribute_stays_forgotten_unless_told_later() -> None:
    told = replace(customer("a", attributes={"plan": "basic"}), told=Told(5))
    forgot = replace(customer("b"), told=Told(0, {"plan": 6}))
    assert "plan" not in merge(told, forgot).attributes
    assert "plan" in merge(replace(told, told=Told(7)), forgot).attributes


def test_times_told_at_once_are_kept_once() -> None:
    nobody = customer("a")
    first = retold(nobody, {"p": 1, "q": 2}, ["p", "q"], 5)
    state = replace(nobody, attributes={"p": 1, "q": 2}, told=first)
    assert first == Told(5, {})
    assert retold(state, {"p": 1, "q": 2}, ["q"], 9) in (Told(9, {"p": 5}), Told(5, {"q": 9}))
    assert retold(state, {"q": 2}, ["p"], 9) == Told(5, {"p": 9})


def test_a_customer_is_named_unless_we_made_all_their_ids_up() -> None:
    ours = MADE + "0123456789abcdef" * 2
    assert not named(customer(ours))
    assert named(customer("ana"))
    assert named(customer(MADE + "7"))  # a shop's own id may begin like ours
    assert named(replace(customer(ours), merged=("ana",)))


@pytest.mark.parametrize("limit", [1, 2])
def test_an_identity_named_with_more_customers_than_the_limit_is_shared(limit: int) -> None:
    pointer = Pointer()
    for number in range(limit):
        pointer = claim(claim(pointer, f"c-{number}"), f"c-{number}")
    assert not shared(pointer, limit)
    assert not shared(claim(pointer, MADE + "1" * 32), limit)
    assert shared(claim(pointer, MADE + "1"), limit)  # an id of somebody else's making
    assert shared(claim(pointer, "one more"), limit)


def test_a_yes_sent_once_more_does_not_undo_the_no_of_a_merged_customer() -> None:
    yes, no = Consent("granted", 9, "crm"), Consent("denied", 3, "call")
    one = replace(customer("a"), consent={"marketing": yes})
    merged = merge(one, replace(customer("b"), consent={"marketing": no}))
    held = merged.consent["marketing"]
    assert (held.status, held.source) == ("denied", "call")
    assert later(held, yes) is held
