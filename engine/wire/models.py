"""Which model serves, and having another one do so: `/v1/models`, `…/promote`, `…/rollback`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

import msgspec
from marshmallow import ValidationError, fields, validate, validates_schema
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.models.routing import Alias
from engine.models.verdict import Judgement, Refusal
from engine.wire.body import read_once
from engine.wire.fields import NumberField, Strict, one_of
from engine.wire.values import Stamp, rfc3339

_VERSION = r"\A(learned|sha256:[0-9a-f]{64})\Z"
_NO_SHARE = "only a challenger has a share: leave it out, or say alias: challenger"

Role = Literal["champion", "challenger", "shadow"]


class PromotionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version is to serve, as what; `share` of all customers are to be the challenger's."""

    version: Annotated[str, Meta(pattern=_VERSION)]
    alias: Role = "champion"
    share: Annotated[float, Meta(gt=0, le=1)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.share is not UNSET and self.alias != "challenger":
            raise ValueError(_NO_SHARE)


class PromotionSchema(Strict):
    """Which version is to serve, as what."""

    version = fields.String(
        required=True,
        validate=validate.Regexp(
            re.compile(_VERSION), error="must be a version's digest, sha256:…, or learned"
        ),
    )
    alias = one_of(*get_args(Role), load_default="champion")
    share = NumberField(
        validate=validate.Range(0, 1, min_inclusive=False, error="must be above 0 and at most 1"),
        metadata={"description": "Of all customers, a challenger's.", "exclusiveMinimum": 0},
    )

    @validates_schema
    def _shares(self, data: dict[str, Any], **_: Any) -> None:
        if "share" in data and data.get("alias") != "challenger":
            raise ValidationError(_NO_SHARE)


class ModelReply(Struct, frozen=True):
    """A model's latest versions and those that serve or did, the latest first, of so many `kept`,
    and which its aliases mean; `serving` is the champion here, or what stands in for one. `share`
    of all customers are the challenger's; `previous` are the champions before, the latest first.
    `rollback_to` is what a rollback makes decide for everybody: a version, `learned`, `untrained`;
    null where there is nothing to go back to."""

    name: str
    versions: list[str]
    kept: int
    aliases: Mapping[Alias, str]
    serving: str | None
    share: float
    previous: list[str]
    rollback_to: str | None


class ModelsReply(Struct, frozen=True):
    """All models of the house."""

    models: list[ModelReply]


class VerdictReply(Struct, frozen=True):
    """The gate's word on a version: judged at that time, as that alias, beside which champion; what
    somebody answered for, and the figures it went by."""

    alias: Alias
    against: str
    at: Stamp
    acknowledged: tuple[Refusal, ...]
    figures: Mapping[str, float]


class PromotionReply(Struct, frozen=True):
    """By which verdict the version was let in, null where it served so already; and all models."""

    verdict: VerdictReply | None
    models: list[ModelReply]


_decoder = msgspec.json.Decoder(PromotionBody)
_schema = PromotionSchema()


def read_promotion(body: bytes) -> PromotionBody:
    """What is to serve. Raises Malformed or InvalidRequest."""
    return read_once(body, PromotionBody, _decoder, _schema)


def verdict_reply(judgement: Judgement | None) -> VerdictReply | None:
    """A verdict as answered."""
    if judgement is None:
        return None
    said = judgement.verdict
    at = rfc3339(judgement.at)
    return VerdictReply(judgement.alias, said.against, at, said.acknowledged, said.figures)
