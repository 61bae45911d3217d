from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.codec import (
    pack_attributes,
    pack_consent,
    pack_contacts,
    pack_events,
    pack_names,
    pack_told,
    unpack,
)
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
    Tally,
    Told,
)
from engine.errors import StateUnknown

times = st.integers(0, 2**53)
texts = st.text(max_size=8)
scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts
attributes = st.dictionaries(texts, scalars | st.lists(texts, max_size=3), max_size=5)
consents = st.dictionaries(
    texts, st.builds(Consent, st.sampled_from(["granted", "denied"]), times, texts), max_size=3
)


def rows_of(kind: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(kind, max_size=4).map(tuple)


contacts = st.builds(
    Contacts,
    rows_of(st.builds(Label, texts, texts, texts, texts, texts)),
    rows_of(st.builds(Contact, times, times, texts, times, texts)),
)
events = st.builds(
    Events,
    rows_of(st.builds(EventLabel, texts, texts, texts, texts, texts, texts, texts)),
    rows_of(st.builds(Event, times, times, times)),
    rows_of(st.builds(Tally, times, times)),
    rows_of(st.builds(Matter, texts, texts, times)),
)
states = st.builds(
    CustomerState,
    texts,
    revision=times,
    created=times,
    clock=times,
    attributes=attributes,
    consent=consents,
    contacts=contacts,
    events=events,
    identities=rows_of(texts),
    subject=texts,
    formerly=rows_of(texts),
    merged=rows_of(texts),
    told=st.builds(Told, times, st.dictionaries(texts, times, max_size=3)),
)


@settings(max_examples=300)
@given(states)
def test_whatever_is_packed_is_unpacked_the_same(state: CustomerState) -> None:
    packed = {
        "rev": b"%d" % state.revision,
        "created": b"%d" % state.created,
        "clock": b"%d" % state.clock,
        "attributes": pack_attributes(state.attributes),
        "consent": pack_consent(state.consent),
        "contacts": pack_contacts(state.contacts),
        "events": pack_events(state.events),
        "identities": pack_names(state.identities),
        "subject": state.subject.encode(),
        "formerly": pack_names(state.formerly),
        "merged": pack_names(state.merged),
        "told": pack_told(state.told),
    }
    assert unpack(state.customer_id, packed) == state


@settings(max_examples=300)
@given(
    st.sampled_from(
        ["rev", "attributes", "consent", "contacts", "events", "identities", "subject", "told"]
    ),
    st.binary(),
)
def test_any_bytes_are_read_or_refused_never_a_crash(field: str, junk: bytes) -> None:
    try:
        unpack("ana", {field: junk})
    except StateUnknown as refused:
        assert repr(field) in str(refused)


@pytest.mark.parametrize("value", [datetime(2026, 1, 1, tzinfo=UTC), {"a": 1}, None])
def test_what_could_not_be_read_back_is_not_stored(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be stored"):
        pack_attributes({"since": value})
