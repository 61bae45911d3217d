"""Everything that can go wrong, as one tree.

TellerError
├── InvalidRequest        the caller sent something we refuse (4xx), field by field
│   ├── Malformed         the body is not the JSON we take (400)
│   ├── TooLarge          the body is over its limit, as sent or as unpacked (413)
│   ├── BodyMismatch      a known request id came again with another body (409)
│   └── NotLetIn          a model's version that no verdict of the gate lets serve now (409)
├── Rejected              an interaction that teaches nothing; the others of its request count
├── IdentityShared        an identity too many customers share: it tells nobody apart (409)
├── CustomerFull          a customer with as many names or ids as one may have (409)
├── NotFound              no such decision, customer, placement or model
├── CatalogueRefused      a catalogue with faults; carries all of them
├── ModelRefused          a model artefact that must not serve
│   ├── ModelUnsigned     it was not put there with the house's key
│   ├── ModelTooLarge     it is larger than any we read
│   └── WrongLibrary      it was made with another version of a library it depends on
├── StoreUnavailable      the store did not answer in time; nothing is known to have happened
│   ├── StoreRefused      the store does not take our login (at the start: Misconfigured)
│   ├── AnswerLost        a write was sent and its answer never came
│   └── NotReplicated     it is written, but no replica has confirmed that it has it too
├── StateUnknown          the store answered, but its memory is not the one we knew (epoch)
├── ArchiveUnusable       the archive's files could not be written or read
│   └── Overtaken         another writer of the archive was first; nothing of ours is in
├── Contention            the customer changed under us more often than we retry
└── Misconfigured         a setting or the environment is wrong; says what to do
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TellerError(Exception):
    """Root of every error Teller raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: a JSON pointer to the field, and what is wrong with it."""

    pointer: str
    detail: str


class InvalidRequest(TellerError):
    """The caller's request is refused; `problems` names every field at fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "; ".join(p.detail if not p.pointer else f"{p.pointer}: {p.detail}" for p in problems)
        )


class Malformed(InvalidRequest):
    """A body that is not JSON as we take it: broken, not UTF-8, not finite, nested too deep."""

    def __init__(self, detail: str, pointer: str = "") -> None:
        super().__init__([Problem(pointer, detail)])


class TooLarge(InvalidRequest):
    """A body over its limit, as sent or as unpacked."""

    def __init__(self, detail: str) -> None:
        super().__init__([Problem("", detail)])


class BodyMismatch(InvalidRequest):
    """A request id seen before came again with another body."""


class NotLetIn(InvalidRequest):
    """A version that is to serve, and no verdict of the gate lets in now; `problems` are why."""


class Rejected(TellerError):
    """An interaction is kept out; the message is the sentence that says why and what to send."""


class IdentityShared(TellerError):
    """An identity that too many customers share names none of them, and merges nobody."""


class CustomerFull(TellerError):
    """A customer has as many names, or as many ids of what happened, as one may have."""


class NotFound(TellerError):
    """What was asked for does not exist, or no longer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a catalogue: where (file, 1-based line), what, and what to try."""

    file: str
    line: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """One line: what an author wrote that is no visible character is written as its code."""
        where = f"{self.file}:{self.line}: {self.what}"
        return _visible(f"{where} ({self.hint})" if self.hint else where)


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


class CatalogueRefused(TellerError):
    """A catalogue that must not serve; `faults` holds every reason, in file and line order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.file, fault.line, fault.what)))
        super().__init__("\n".join(map(str, self.faults)))


class ModelRefused(TellerError):
    """A model artefact that is tampered with, foreign, or unfit to serve."""


class ModelUnsigned(ModelRefused):
    """A model that nobody with the house's key put there."""


class ModelTooLarge(ModelRefused):
    """A model, or what it says of itself, over the size we read."""


class WrongLibrary(ModelRefused):
    """A model made with another version of a library whose version matters to it."""


class StoreUnavailable(TellerError):
    """The store did not answer in time."""


class StoreRefused(StoreUnavailable):
    """The store does not take our login: its password changed, or ours was never right."""


class AnswerLost(StoreUnavailable):
    """A write was sent and its answer never came: it may or may not have happened."""


class NotReplicated(StoreUnavailable):
    """It is written, but no replica has confirmed that it has it too."""


class StateUnknown(TellerError):
    """The store came back without the memory we knew: its state is unknown, not empty."""


class ArchiveUnusable(TellerError):
    """The archive's files could not be written or read."""


class Overtaken(ArchiveUnusable):
    """Another writer committed first; what this one wrote since is no part of the archive."""


class Contention(TellerError):
    """The customer's state kept moving; try again shortly."""


class Misconfigured(TellerError):
    """A setting or the environment is wrong."""
