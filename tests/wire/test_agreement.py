"""The quick decoder and the schema of record accept the same bodies, and nothing that they accept
is refused by who believes the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import Schema

from engine.wire import catalogues, customers, decisions, identities, models, one_interaction
from engine.wire.body import check
from engine.wire.openapi import document as openapi
from tests.builders import PLACEMENTS, action, catalogue

PAIRS: dict[str, tuple[type[Any], Schema, dict[str, Any]]] = {
    "decision": (
        decisions.DecisionBody,
        decisions.DecisionRequestSchema(),
        {
            "customer": {"id": "c"},
            "channel": "web",
            "placements": [{"id": "p", "slots": 2}],
            "context": {"page": "/x", "n": 1, "l": [1, "a"]},
            "attributes": {"plan": "basic"},
            "explain": "full",
            "mode": "live",
            "user_agent": "Mozilla/5.0",
            "request_id": "r",
            "deadline_ms": 5,
        },
    ),
    "interaction": (
        one_interaction.InteractionBody,
        one_interaction.InteractionSchema(),
        {
            "id": "m",
            "customer": {"id": "c"},
            "decision_id": "d",
            "outcome": "click",
            "type": "call",
            "action": "a",
            "status": "open",
            "reason": "",
            "at": "2026-01-01T00:00:00Z",
            "until": "2026-01-01T00:00:00.5+02:00",
            "value": 1.5,
            "properties": {"a": True},
            "user_agent": None,
        },
    ),
    "customer": (
        customers.CustomerPatchBody,
        customers.CustomerPatchSchema(),
        {
            "attributes": {"a": None, "b": [1.5]},
            "consent": {
                "marketing": "granted",
                "x": {
                    "status": "denied",
                    "at": "2026-01-01T00:00:00Z",
                    "source": "s",
                    "wording": "",
                },
            },
        },
    ),
    "link": (identities.LinkBody, identities.LinkSchema(), {"identity": "email:a@b"}),
    "name": (identities.CustomerBody, identities.CustomerSchema(), {"identity": "email:a@b"}),
    "draft": (catalogues.DraftBody, catalogues.DraftSchema(), {"files": {"a.yaml": "x"}}),
    "promotion": (
        models.PromotionBody,
        models.PromotionSchema(),
        {"version": "sha256:" + "0a" * 32, "alias": "challenger", "share": 0.1},
    ),
}
OF_A_ROW = ["outcome"]
"""Which words it may be is said of its row, so that the others are taken."""

COMPONENTS = openapi("0")["components"]
TOLD = {
    name: Draft202012Validator(
        {
            "$ref": f"#/components/schemas/{type(schema).__name__.removesuffix('Schema')}",
            "components": COMPONENTS,
        }
    )
    for name, (_, schema, _) in PAIRS.items()
}
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2.0, 1.5, 1e300, 2**63 - 1, 2**63, -(2**63) - 1, 10**400,
    60_000, 60_001,
    "", "a", "x" * 256, "x" * 257, "y" * 8192, "y" * 8193, "a\n", "a\x7f", "\x85", "é", "ab\u2028",
    "a/b", ".", "..", "...", "a\ufffd", "a:b", "a:", ":b", "a:b:c", "a: ", "a:b\n",
    "2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-00:01",
    "granted", "denied", "open", "live", "none", "1", "true",
    [], [1], [[1]], [None], ["a", 1, 2.5, True], [{}], list(range(256)), list(range(257)),
    {}, {"id": "x"}, {"id": "x", "slots": 1}, {"status": "granted"}, {"a": {}}, {"": 1},
    {"x" * 257: 1}, {"a\n": "granted"}, {str(n): 1 for n in range(257)}, [{"id": "x"}] * 51,
]  # fmt: skip


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    return [path, *(p for key, child in children for p in _paths(child, (*path, key)))]


def _changed(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """A copy with `change` done to the container and key that `path` leads to."""
    copy = msgspec.json.decode(msgspec.json.encode([value]))
    holder, key = copy, 0
    for step in path:
        holder, key = holder[key], step
    change(holder, key)
    return copy[0]


def _set(value: Any) -> Callable[[Any, Any], None]:
    return lambda holder, key: holder.__setitem__(key, value)


def _drop(holder: Any, key: Any) -> None:
    del holder[key]


def _agree(name: str, document: Any) -> None:
    shape, schema, _ = PAIRS[name]
    body = msgspec.json.encode(document)
    try:
        msgspec.json.decode(body, type=shape)
        quick = True
    except msgspec.ValidationError:
        quick = False
    parsed = msgspec.json.decode(body)
    record = isinstance(parsed, dict) and not schema.validate(parsed)
    assert quick == record, f"decoder {quick}, schema {record}"
    if record:
        assert isinstance(check(parsed, shape, schema), shape)
        told = [error for error in TOLD[name].iter_errors(parsed) if [*error.path] != OF_A_ROW]
        assert [error.message for error in told] == []


@pytest.mark.parametrize("name", PAIRS)
def test_one_change_anywhere_is_judged_alike(name: str) -> None:
    document = PAIRS[name][2]
    _agree(name, document)
    for path in _paths(document)[1:]:
        _agree(name, _changed(document, path, _drop))
        for odd in ODD:
            _agree(name, _changed(document, path, _set(odd)))
    for odd in ODD:
        _agree(name, {**document, "stranger": odd})


def test_what_is_missing_or_null_is_said_in_our_words() -> None:
    schema = one_interaction.InteractionSchema()
    assert schema.validate({"type": None, "customer": 1}) == {
        "id": ["is required"],
        "type": ["must not be null"],
        "customer": {"_schema": ["must be an object"]},
    }
    rows = decisions.DecisionRequestSchema().validate({"placements": {}})
    assert rows["placements"] == ["must be a list"]


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.sampled_from(ODD) | st.recursive(
    st.none() | st.booleans() | _WORDS | _NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
)


@pytest.mark.parametrize("asked", [2, 2.0])
def test_a_whole_number_may_be_written_as_a_float_and_is_the_same_request(asked: float) -> None:
    placements = [{**one, "slots": 2} for one in PLACEMENTS if one["id"] == "home.hero"]
    plain = catalogue(actions=[action("plus")], placements=placements)
    body = {**PAIRS["decision"][2], "deadline_ms": asked, "context": {}, "attributes": {}}
    body["placements"] = [{"id": "home.hero", "slots": asked}]
    read = decisions.read_decision(msgspec.json.encode(body))
    (placement,) = decisions.to_request(read, plain, None, False).placements
    assert (placement.slots, type(placement.slots)) == (2, int)
    assert read.deadline_ms == 2


@settings(max_examples=150)
@given(st.sampled_from(sorted(PAIRS)), st.data())
def test_several_changes_are_judged_alike(name: str, data: st.DataObject) -> None:
    document = PAIRS[name][2]
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_paths(document)[1:] or [()]))
        if path:
            document = _changed(document, path, _set(data.draw(_VALUES)))
    _agree(name, document)
