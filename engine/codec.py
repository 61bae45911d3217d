"""Sections of a customer's memory to bytes and back: msgpack, section by section.

Timestamps and durations among the attributes are whole milliseconds here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.msgpack import Decoder, Encoder

from engine.domain import Consent, Contacts, CustomerState, Events, Pointer, Told, Value
from engine.errors import StateUnknown

Stored = bool | int | float | str | list[bool | int | float | str]

FIELDS = ("rev", "clock", "created", "attributes", "consent", "contacts", "events")
"""What a decision is made from, and all of a customer its record keeps."""

PERSON = ("identities", "subject", "formerly", "merged", "told")
"""Who the customer is and was: never in a decision's record."""

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


def pack(state: CustomerState, sections: Iterable[str]) -> dict[str, bytes]:
    """The named sections of a customer, by their names in FIELDS and PERSON, as stored."""
    return {name: _WRITE[name](getattr(state, name)) for name in sections}


def unpack(customer_id: str, packed: Mapping[str, bytes]) -> CustomerState:
    """A customer from the stored fields, by the names of FIELDS and PERSON; a missing field is
    empty.

    StateUnknown when a field cannot be read: its memory is damaged, not absent.
    """
    fields: dict[str, Any] = {}
    for name, data in packed.items():
        try:
            field, read = _READ[name]
            fields[field] = read(data)
        except (KeyError, ValueError) as error:  # of msgspec, int and UTF-8 alike
            raise _damaged(name) from error
    return CustomerState(customer_id, **fields)


_WRITE: Mapping[str, Callable[[Any], bytes]] = {
    "attributes": pack_attributes,
    "told": pack_told,
    "consent": pack_consent,
    "contacts": pack_contacts,
    "events": pack_events,
    "identities": pack_names,
    "formerly": pack_names,
    "merged": pack_names,
}
_READ: Mapping[str, tuple[str, Callable[[bytes], Any]]] = {
    "rev": ("revision", int),
    "clock": ("clock", int),
    "created": ("created", int),
    "attributes": ("attributes", _attributes.decode),
    "consent": ("consent", _consent.decode),
    "contacts": ("contacts", _contacts.decode),
    "events": ("events", _events.decode),
    "identities": ("identities", _names.decode),
    "subject": ("subject", bytes.decode),
    "formerly": ("formerly", _names.decode),
    "merged": ("merged", _names.decode),
    "told": ("told", _told.decode),
}


def _damaged(name: str) -> StateUnknown:
    return StateUnknown(
        f"the field {name!r} of a customer in the store cannot be read: it was written by "
        "something else, or by a newer Teller; restore it from a backup"
    )
