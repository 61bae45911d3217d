"""The `features` section: what models look at, as the catalogue's owner says it."""

from __future__ import annotations

from engine.catalogue.faults import Faults, Located
from engine.catalogue.reading import Reading
from engine.catalogue.shape import FeatureSpec
from engine.catalogue.written_times import span_of
from engine.models.features import Category, Encoding, Feature, Members, Number, check
from engine.rules.scope import Attribute, Scope
from engine.rules.types import BOOL, NUMBERS, STRING

NUMBER = Number(scale=1024.0, indicator=True)
"""Before anything is known of a number's scale: below 1e9 it is a number, whatever its unit."""

_TOGETHER = ("source", "values", "event", "where", "within", "match")
"""What makes sense, or none, only all of it together."""


def compile_features(reading: Reading, scope: Scope, faults: Faults) -> tuple[Feature, ...]:
    """Every declared feature, in the order of the files. Personal attributes are allowed here,
    for whoever names one has decided it."""
    found = [
        _feature(str(located.path[-1]), located, scope, faults)
        for located in reading.section("features").written
        if not _broken(located, reading)
    ]
    return tuple(feature for feature in found if feature is not None)


def encoding_of(attribute: Attribute) -> Encoding | None:
    """How an attribute becomes columns; None for what its type alone does not say."""
    if attribute.type in NUMBERS:
        return NUMBER
    if attribute.type == BOOL:
        return Category((True, False))
    if attribute.enum is None:
        return None
    words = tuple(dict.fromkeys(attribute.enum))
    return Category(words) if attribute.type == STRING else Members(words)


def _broken(at: Located[FeatureSpec], reading: Reading) -> bool:
    """Whether its attribute's declaration is at fault, which is reported there."""
    room, _, name = at.spec.source.partition(".")
    part = "attributes" if room == "customer" else room
    return name in reading.section("schema", part).broken


def _feature(name: str, at: Located[FeatureSpec], scope: Scope, faults: Faults) -> Feature | None:
    spec = at.spec
    encoding, within = _encoding(at, scope, faults), span_of(at, "within", faults)
    if encoding is None or any(at.lacks(key) or at.spoilt(key) for key in _TOGETHER):
        return None
    feature = Feature(
        name,
        spec.source,
        encoding,
        tuple(dict.fromkeys(spec.by)),
        spec.match,
        spec.event or "",
        {str(key): value for key, value in spec.where.items()},
        within,
    )
    try:
        check(feature)
    except ValueError as error:
        faults.add(at, (), str(error))
        return None
    return feature


def _encoding(at: Located[FeatureSpec], scope: Scope, faults: Faults) -> Encoding | None:
    spec = at.spec
    room, _, name = spec.source.partition(".")
    values = tuple(spec.values or ())
    if room not in ("customer", "context"):
        return Category(values or tuple(sorted(scope.channels))) if room == "channel" else NUMBER
    declared = scope.customer if room == "customer" else scope.context
    attribute = declared.get(name)
    if attribute is None:
        faults.unknown(at, ("source",), f"attribute of {room}", name, declared)
        return None
    if values:
        return Members(values) if attribute.type.name == "list" else Category(values, other=True)
    encoding = encoding_of(attribute)
    if encoding is None and not at.lacks("values"):
        what = f"`{spec.source}` may be any {attribute.type}"
        faults.add(at, (), what, "say which `values` to tell apart, or give it an `enum`")
    return encoding
