"""Sections of a customer's memory to bytes and back: msgpack, section by section.

Timestamps and durations among the attributes are whole milliseconds here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec.msgpack import Decoder, Encoder

from engine.domain import Consent, Contacts, CustomerState, Events, Pointer, Told, Value
from engine.errors import StateUnknown

Stored = bool | int | float | str | list[bool | int | float | str]

FIELDS = ("rev", "clock", "created", "attributes", "consent", "contacts", "events")
"""What a decision is made from, and all of a customer its record keeps."""

PERSON = ("identities", "subject", "formerly", "merged", "told")
"""Who the customer is and was: never in a decision's record."""

T = TypeVar("T")

_encoder = Encoder()
_attributes: Decoder[dict[str, Value]] = Decoder(dict[str, Stored])  # a subset of Value
_consent = Decoder(dict[str, Consent])
_contacts = Decoder(Contacts)
_events = Decoder(Events)
_names: Decoder[tuple[str, ...]] = Decoder(tuple[str, ...])
_told = Decoder(Told)
_pointer = Decoder(Pointer)


def pack_attributes(attributes: Mapping[str, Value]) -> bytes:
    """Attributes as stored; TypeError for what could not be read back, such as a datetime."""
    packed = _encoder.encode(attributes)
    try:
        _attributes.decode(packed)
    except msgspec.DecodeError as error:
        raise TypeError(f"an attribute cannot be stored: {error}") from error
    return packed


def pack_consent(consent: Mapping[str, Consent]) -> bytes:
    """Consent as stored."""
    return _encoder.encode(consent)


def pack_contacts(contacts: Contacts) -> bytes:
    """Contacts as stored."""
    return _encoder.encode(contacts)


def pack_events(events: Events) -> bytes:
    """Events as stored."""
    return _encoder.encode(events)


def pack_names(names: Sequence[str]) -> bytes:
    """Identities, or former ids or subjects, as stored."""
    return _encoder.encode(names)


def pack_told(told: Told) -> bytes:
    """When attributes were last told, as stored."""
    return _encoder.encode(told)


def pack_pointer(pointer: Pointer) -> bytes:
    """Whom an identity points at, as stored."""
    return _encoder.encode(pointer)


def unpack_pointer(data: bytes | None) -> Pointer:
    """Whom an identity points at; without data, nobody. StateUnknown when it cannot be read."""
    if data is None:
        return Pointer()
    try:
        return _pointer.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged("identity") from error


def unpack(customer_id: str, packed: Mapping[str, bytes]) -> CustomerState:
    """A customer from the stored fields; a missing field is empty.

    StateUnknown when a field cannot be read: its memory is damaged, not absent.
    """
    return CustomerState(
        customer_id,
        revision=_number(packed, "rev"),
        created=_number(packed, "created"),
        clock=_number(packed, "clock"),
        attributes=_section(packed, "attributes", _attributes, {}),
        consent=_section(packed, "consent", _consent, {}),
        contacts=_section(packed, "contacts", _contacts, _NO_CONTACTS),
        events=_section(packed, "events", _events, _NO_EVENTS),
        identities=_section(packed, "identities", _names, ()),
        subject=_text(packed, "subject"),
        formerly=_section(packed, "formerly", _names, ()),
        merged=_section(packed, "merged", _names, ()),
        told=_section(packed, "told", _told, _UNTOLD),
    )


_NO_CONTACTS = Contacts()
_NO_EVENTS = Events()
_UNTOLD = Told()


def _number(packed: Mapping[str, bytes], name: str) -> int:
    try:
        return int(packed.get(name, b"0"))
    except ValueError as error:
        raise _damaged(name) from error


def _text(packed: Mapping[str, bytes], name: str) -> str:
    try:
        return packed.get(name, b"").decode()
    except UnicodeDecodeError as error:
        raise _damaged(name) from error


def _section(packed: Mapping[str, bytes], name: str, decoder: Decoder[T], empty: T) -> T:
    data = packed.get(name)
    if data is None:
        return empty
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(name) from error


def _damaged(name: str) -> StateUnknown:
    return StateUnknown(
        f"the field {name!r} of a customer in the store cannot be read: it was written by "
        "something else, or by a newer Teller; restore it from a backup"
    )
