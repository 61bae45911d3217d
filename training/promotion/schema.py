"""What a model looks at, held against what the catalogue declares."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from engine.catalogue import Catalogue
from engine.models.base import Model
from engine.models.features import Category, Feature, Members, Number
from engine.models.online.model import OnlineModel
from engine.models.verdict import Reason, Refusal
from engine.rules.scope import Attribute
from engine.rules.types import BOOL, INT, NUMBERS, STRING, Type, element_of
from training.hints import nearest
from training.predicting import encoder_of

COLUMNS = "columns"
"""Where a version's metadata says in which order its columns were learnt."""


def misfits(
    model: Model, metadata: Mapping[str, object], catalogue: Catalogue
) -> Iterator[Refusal]:
    """Every feature the catalogue does not know, knows otherwise, or knows fewer values of; and
    columns that are not in the order they were learnt in."""
    encoder = model.encoder if isinstance(model, OnlineModel) else encoder_of(model)
    if encoder is None:
        return
    for feature in encoder.features:
        yield from _misfit(feature, catalogue)
    learnt = metadata.get(COLUMNS)
    if isinstance(learnt, Sequence) and list(learnt) != encoder.columns:
        yield Refusal("wrong-order", _first_difference(learnt, encoder.columns))


def _misfit(feature: Feature, catalogue: Catalogue) -> Iterator[Refusal]:
    room, _, name = feature.source.partition(".")
    if room == "history":
        known: Mapping[str, Collection[str]] = {
            "action": catalogue.index,
            "group": catalogue.groups,
            "channel": catalogue.channels,
        }
        for filter, value in feature.where.items():
            if filter in known and value not in known[filter]:
                yield _unknown(f"{filter} '{value}'", value, known[filter], feature)
        return
    if room == "channel":
        yield from _strange_values(feature, catalogue.channels, "channel")
        return
    scope = catalogue.scope
    declared = scope.customer if room == "customer" else scope.context
    if name not in declared:
        yield _unknown(f"{room} attribute '{name}'", name, declared, feature, "unknown-attribute")
        return
    yield from _mistyped(feature, declared[name])
    enum = declared[name].enum
    if enum is not None:
        yield from _strange_values(feature, enum, feature.source)


def _mistyped(feature: Feature, attribute: Attribute) -> Iterator[Refusal]:
    encoding, type = feature.encoding, attribute.type
    if isinstance(encoding, Number):
        fits = type in NUMBERS or type == BOOL
    elif isinstance(encoding, Category):
        fits = type in {STRING, INT, BOOL} and _all_of(encoding.values, type)
    else:
        fits = type.name == "list" and _all_of(encoding.values, element_of(type))
    if not fits:
        how = {Number: "a number", Category: "a category", Members: "members of a list"}
        yield Refusal(
            "wrong-type",
            f"feature '{feature.name}' takes {feature.source} for {how[encoding.__class__]}; "
            f"the catalogue says it is {type}",
        )


_PYTHON: Mapping[Type, Callable[[object], bool]] = {
    STRING: lambda value: isinstance(value, str),
    BOOL: lambda value: isinstance(value, bool),
    INT: lambda value: isinstance(value, int) and not isinstance(value, bool),
}


def _all_of(values: Collection[object], type: Type) -> bool:
    return type in _PYTHON and all(map(_PYTHON[type], values))


def _strange_values(feature: Feature, known: Collection[str], what: str) -> Iterator[Refusal]:
    if isinstance(feature.encoding, Number):
        return
    for value in feature.encoding.values:
        if value not in known:
            yield _unknown(f"{what} '{value}'", str(value), known, feature)


def _unknown(
    what: str,
    said: str,
    known: Collection[str],
    feature: Feature,
    reason: Reason = "unknown-category",
) -> Refusal:
    asked = f"feature '{feature.name}' asks for {what}"
    text = f"{asked}, which the catalogue does not have; {nearest(said, known)}"
    return Refusal(
        "unknown-attribute" if reason == "unknown-attribute" else "unknown-category", text
    )


def _first_difference(learnt: Sequence[object], here: Sequence[str]) -> str:
    if len(learnt) != len(here):
        return f"{len(here)} columns, but {len(learnt)} were learnt: it is not what was trained"
    at = next(i for i, (one, other) in enumerate(zip(learnt, here, strict=True)) if one != other)
    return (
        f"column {at + 1} is '{here[at]}', but '{learnt[at]}' was learnt there: every number after "
        "it weighs the wrong thing"
    )
