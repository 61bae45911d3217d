"""Identities as `namespace:value`, written one way only, so that the same person is met again.

Pure. E-mail addresses are told apart by letters, not by case; phone numbers are E.164, with their
extension; whatever else there is, is taken verbatim but for blanks at its ends. Where in doubt,
two ways to write stay two: an identity met under two names costs a merge, two people under one
name cannot be told apart again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from engine.spelling import meant

ANONYMOUS = "anonymous"


def normalise(identity: str, declared: Collection[str], region: str | None) -> str:
    """The identity as it is stored and compared.

    `declared`: the catalogue's namespaces; `region`: the ISO 3166 country of phone numbers
    without a country code. ValueError with a sentence for the caller.
    """
    namespace, colon, value = identity.partition(":")
    if not colon:
        raise ValueError("must be namespace:value, such as email:ana@example.com")
    if namespace not in declared:
        hint = meant(namespace, declared, show=repr) or f"one of {', '.join(sorted(declared))}"
        raise ValueError(f"names a namespace the catalogue does not declare; {hint}")
    value = value.strip()
    if not value:
        raise ValueError("has nothing after its namespace")
    write = _WAYS.get(namespace)
    return f"{namespace}:{write(value, region) if write else value}"


def _email(value: str, _region: str | None) -> str:
    """Mail boxes that differ by case only are the same person's (RFC 5321 would allow two).

    Lower case, not case folding, which writes ß as ss: those are two mail boxes (RFC 6532), and two
    hosts (IDNA2008, RFC 5894 7.2).
    """
    lower = unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).lower())
    name, _, host = lower.rpartition("@")
    if not name or not host or "@" in name or " " in lower or not lower.isprintable():
        raise ValueError("is no e-mail address, or holds a character that nobody can see")
    return lower


def _phone(value: str, region: str | None) -> str:
    """E.164; behind a switchboard it is the extension (as in RFC 3966) that tells people apart."""
    try:
        number = phonenumbers.parse(value, region)
    except NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError(
            "is no phone number: write it with its country code, such as +351912345678, or set "
            "TELLER_PHONE_REGION to the country of numbers without one"
        )
    line = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{line};ext={number.extension}" if number.extension else line


_WAYS: Mapping[str, Callable[[str, str | None], str]] = {"email": _email, "phone": _phone}
