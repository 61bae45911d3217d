"""What serves, and checking a draft: `/v1/catalogue`, `/v1/catalogue/check`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from marshmallow import ValidationError, fields
from msgspec import Meta, Struct

from engine.errors import Fault
from engine.wire.body import read_once
from engine.wire.fields import Strict
from engine.wire.values import Id, in_our_words

MAX_FILES = 500


class DraftBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A draft of a catalogue: file names to their text."""

    files: Annotated[dict[Id, str], Meta(min_length=1, max_length=MAX_FILES)]


class FilesField(fields.Dict):
    """File names to their text."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        try:
            return dict(msgspec.convert({"files": value}, DraftBody).files)
        except msgspec.ValidationError as error:
            raise ValidationError(f"must map file names to text: {in_our_words(error)}") from None


class DraftSchema(Strict):
    """A draft of a catalogue."""

    files = FilesField(
        required=True,
        metadata={
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
            "maxProperties": MAX_FILES,
        },
    )


class FaultReply(Struct, frozen=True):
    """One thing wrong with a catalogue: where, what, and what to try."""

    file: str
    line: int
    what: str
    hint: str


class CheckReply(Struct, frozen=True):
    """Whether a draft may serve; all its faults, and what is merely odd."""

    ok: bool
    digest: str | None
    faults: list[FaultReply]
    warnings: list[FaultReply]


class CatalogueReply(Struct, frozen=True):
    """The catalogue that serves now."""

    digest: str
    actions: int
    placements: list[str]
    warnings: list[FaultReply]


_decoder = msgspec.json.Decoder(DraftBody)
_schema = DraftSchema()


def read_draft(body: bytes) -> dict[str, bytes]:
    """The draft's files. Raises Malformed or InvalidRequest."""
    draft = read_once(body, DraftBody, _decoder, _schema)
    return {name: text.encode() for name, text in draft.files.items()}


def fault_replies(faults: Iterable[Fault]) -> list[FaultReply]:
    """Faults as answered."""
    return [FaultReply(fault.file, fault.line, fault.what, fault.hint) for fault in faults]
