"""From an event of another system to what it tells us, as the catalogue's `events:` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from engine.catalogue import Catalogue
from engine.catalogue.events import Meaning
from engine.domain import Interaction, Value
from engine.errors import InvalidRequest, Problem
from engine.wire.one_event import EventBody, Properties
from engine.wire.problems import pointer_to
from engine.wire.values import held

ANONYMOUS = "anonymous"

_PLAIN = (bool, int, float, str)
_DECISION, _ACTION, _PLACEMENT = ("decision_id", "decisionId"), ("action",), ("placement",)


class Tidings(NamedTuple):
    """What one event, which happened at `at` (ms), tells of a customer.

    `outcome` answers a decision the event names, `free` is the same where there is none such;
    both are None for calls that tell only of attributes or identities. `attributes` are typed,
    None: forgotten. `identities` are namespaces and values to link. `ignored` counts traits that
    are not declared.
    """

    outcome: Interaction | None
    free: Interaction | None
    attributes: dict[str, Value | None]
    identities: tuple[tuple[str, str], ...]
    opt_out: frozenset[str]
    ignored: int
    at: int

    @property
    def says_no(self) -> bool:
        """Whether it opts out of anything."""
        return bool(self.opt_out) or (
            self.outcome is not None and self.outcome.type == "unsubscribe"
        )


def tells(event: EventBody, at: int, catalogue: Catalogue) -> Tidings:
    """What the event, which happened at `at` (ms), tells. Raises InvalidRequest."""
    call = event.type or ""
    meaning = _meaning(event, catalogue)
    if call in ("identify", "alias"):
        return _of_the_customer(event, at, meaning, catalogue)
    properties = (event.traits if call == "group" else event.properties) or {}
    free = _interaction(event, at, meaning, properties)
    place = "/traits" if call == "group" else "/properties"
    return Tidings(
        _outcome(free, meaning, properties),
        free,
        _typed(_set_by(meaning, properties), meaning, properties, catalogue, place),
        (),
        meaning.opt_out,
        0,
        at,
    )


def says_no(event: EventBody, at: int, catalogue: Catalogue) -> Tidings:
    """The opt-out of an event and nothing else of it: a fault elsewhere must not undo it."""
    known = event.type in catalogue.events
    opt_out = _meaning(event, catalogue).opt_out if known else frozenset[str]()
    return Tidings(None, None, {}, (), opt_out, 0, at)


def unsubscribes(event: EventBody, catalogue: Catalogue) -> bool:
    """Whether it is a no as an outcome, to what it answers, if that can be read."""
    return event.type in catalogue.events and _meaning(event, catalogue).outcome == "unsubscribe"


def _meaning(event: EventBody, catalogue: Catalogue) -> Meaning:
    call = event.type or ""
    named = catalogue.events.get(event.event or "") if call == "track" else None
    return named or catalogue.events[call]


def _of_the_customer(event: EventBody, at: int, meaning: Meaning, catalogue: Catalogue) -> Tidings:
    """RudderStack's SDKs put the traits into the context."""
    context = event.context or {}
    inner = context.get("traits")
    traits = {**(inner if isinstance(inner, dict) else {}), **(event.traits or {})}
    declared = catalogue.scope.customer
    named = {name: value for name, value in traits.items() if name in declared}
    attributes = _typed(
        {**named, **_set_by(meaning, traits)}, meaning, traits, catalogue, "/traits"
    )
    spaces = catalogue.identities - {ANONYMOUS}
    identities = tuple(
        (space, str(traits[space]))
        for space in sorted(spaces & traits.keys())
        if isinstance(traits[space], str | int) and traits[space]
    )
    mapped = {path[0] for path in meaning.attributes.values()}
    ignored = len(traits.keys() - declared.keys() - spaces - mapped)
    return Tidings(None, None, attributes, identities, meaning.opt_out, ignored, at)


def _interaction(
    event: EventBody, at: int, meaning: Meaning, properties: Properties
) -> Interaction:
    name = event.event or event.name or ""
    return Interaction(
        event.message_id or "",
        meaning.type,
        at,
        channel=meaning.channel or ("web" if "page" in (event.context or {}) else ""),
        topic=meaning.topic,
        status=meaning.status,
        value=_worth(meaning, properties),
        properties=_plain(properties, event),
        event="" if name == meaning.type else name,
    )


def _outcome(free: Interaction, meaning: Meaning, properties: Properties) -> Interaction | None:
    """The event as an outcome, where it names what it answers."""
    decision, action = _text(properties, _DECISION), _text(properties, _ACTION)
    if not (meaning.outcome and decision and action):
        return None
    return replace(
        free,
        type=meaning.outcome,
        decision_id=decision,
        action=action,
        placement=_text(properties, _PLACEMENT),
    )


def _text(properties: Properties, names: tuple[str, ...]) -> str:
    """The first of `names` there is."""
    for name in names:
        if isinstance(value := properties.get(name), str):
            return value[:256]
    return ""


def _worth(meaning: Meaning, properties: Properties) -> float | None:
    for name in meaning.value:
        value = properties.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(_held(name, value))
    return None


def _set_by(meaning: Meaning, properties: Properties) -> dict[str, Any]:
    """The attributes that the catalogue says the properties set, where they are said."""
    found = {name: _at(properties, path) for name, path in meaning.attributes.items()}
    return {name: value for name, value in found.items() if value is not msgspec.UNSET}


def _at(properties: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if not isinstance(properties, dict) or step not in properties:
            return msgspec.UNSET
        properties = properties[step]
    return properties


def _typed(
    said: Mapping[str, Any],
    meaning: Meaning,
    properties: Properties,
    catalogue: Catalogue,
    at: str,
) -> dict[str, Value | None]:
    """What is said, typed by the schema; null forgets. A fault points at the property that was
    sent, which may be called otherwise than the attribute it sets."""
    if not said:
        return {}
    values = {name: value for name, value in said.items() if value is not None}
    try:
        typed = catalogue.validate_attributes(values, "customer", at)
    except InvalidRequest as error:
        sent = {
            at + pointer_to(name): at + pointer_to(*meaning.attributes[name])
            for name in _set_by(meaning, properties)
        }
        raise InvalidRequest(
            [Problem(sent.get(one.pointer, one.pointer), one.detail) for one in error.problems]
        ) from None
    return {**typed, **{name: None for name, value in said.items() if value is None}}


def _plain(properties: Properties, event: EventBody) -> dict[str, Value]:
    """The properties as the record keeps them: what holds more inside is kept as JSON text."""
    plain = {name: _value(name, value) for name, value in properties.items() if value is not None}
    if event.group_id:
        plain["groupId"] = str(event.group_id)
    return plain


def _value(name: str, value: Any) -> Value:
    if type(value) is str:
        return value
    if isinstance(value, _PLAIN) or (
        isinstance(value, list) and all(isinstance(one, _PLAIN) for one in value)
    ):
        plain: Value = _held(name, value)
        return plain
    return msgspec.json.encode(value).decode()


def _held(name: str, value: Any) -> Any:
    try:
        return held(value)
    except ValueError as error:
        raise InvalidRequest([Problem("/properties" + pointer_to(name), str(error))]) from None
