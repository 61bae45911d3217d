"""Consent: an action that names a purpose needs the customer's yes to that purpose."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from engine.domain import Code, Consent, Knockout


class ConsentPolicy:
    """Keeps out the actions of every purpose that was not granted; silence is a no.

    `purposes` maps each purpose to the actions that name it; an action without a purpose
    is in none of them and needs no consent.
    """

    def __init__(self, purposes: Mapping[str, int]) -> None:
        self._purposes = tuple(
            (
                purpose,
                _knockout("consent-denied", f"The customer said no to {purpose}.", mask),
                _knockout("consent-unknown", f"The customer never said yes to {purpose}.", mask),
            )
            for purpose, mask in sorted(purposes.items())
            if mask
        )

    def knockouts(self, consent: Mapping[str, Consent]) -> list[Knockout]:
        """What is kept out for a customer who said `consent` (purpose to what was said)."""
        out = []
        for purpose, denied, unknown in self._purposes:
            said = consent.get(purpose)
            if said is None:
                out.append(unknown)
            elif said.status != "granted":
                out.append(denied)
        return out


def denied(held: Consent | None) -> bool:
    """Whether it is a no; of what was never said it is not known."""
    return held is not None and held.status == "denied"


def refuses_personalisation(consent: Mapping[str, Consent]) -> bool:
    """Whether no model, and no feature of theirs, may be used of who says this."""
    return denied(consent.get("personalisation"))


def granted_since(held: Consent | None, since: int) -> bool:
    """Whether it is a yes that was said later than that (ms)."""
    return held is not None and held.status == "granted" and held.at > since


def later(held: Consent | None, said: Consent) -> Consent:
    """Which of two statements about one purpose holds: the later; said at once, the no."""
    if held is None or said.at > held.at:
        return said
    return said if said.at == held.at and said.status == "denied" else held


def refused(held: Consent | None, no: Consent) -> Consent:
    """A no that holds whatever the clocks say. It counts as said no earlier than what it
    overrides, so that a yes that is sent once more does not undo it."""
    return replace(no, at=max(no.at, held.at)) if held else no


def _knockout(code: Code, text: str, mask: int) -> Knockout:
    return Knockout("consent", code, code, text, mask)
