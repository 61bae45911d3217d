"""What a model looks at: features from a file, or sensible ones from what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from engine.catalogue import Catalogue
from engine.catalogue.features import features_of
from engine.catalogue.featuring import NUMBER
from engine.domain import Value
from engine.errors import Misconfigured
from engine.files import unread
from engine.models.encoder import Encoder
from engine.models.features import Category, Encoding, Facet, Feature, Members
from training.cells import declared_in
from training.dataset import Examples
from training.hints import nearest

_ROOMS = ("customer", "context")
MOST_WORDS = 40
"""A text with more values than this is taken for free text, and left out."""

NOT_TAKEN = f"empty, or free text of over {MOST_WORDS} different values"


def read_features(path: Path, catalogue: Catalogue | None) -> tuple[Feature, ...]:
    """The features declared in a YAML or JSON file, a list of `engine.models.features.Feature`.

    Raises Misconfigured, naming the feature at fault, also for an attribute the catalogue does
    not declare.
    """
    try:
        features = msgspec.yaml.decode(path.read_bytes(), type=tuple[Feature, ...])
        Encoder(features)
    except (OSError, ValueError) as error:  # a DecodeError is a ValueError
        raise unread("features", path, error) from error
    if catalogue is not None:
        for feature in features:
            _known(feature, catalogue, path)
    return features


def automatic(table: Examples, catalogue: Catalogue | None) -> tuple[Feature, ...]:
    """The catalogue's own features that these rows have something to say of; without a
    catalogue, those of the rows' attributes: numbers, truths, words and lists of words.

    Raises Misconfigured when there is none.
    """
    found = (
        tuple(_from_rows(table))
        if catalogue is None
        else tuple(_spoken_of(features_of(catalogue), table))
    )
    if not found:
        missing = (
            f"what the mapping names of customer or context is {NOT_TAKEN}; name more"
            if catalogue is None
            else "declare attributes in the catalogue's schema"
        )
        raise Misconfigured(
            f"there is nothing a model could look at: {missing}, or give --features FILE"
        )
    return found


def left_out(table: Examples, features: Sequence[Feature]) -> list[str]:
    """The rows' attributes that no feature looks at."""
    told = {f"customer.{name}" for facts in table.facts for name in facts.customer}
    told |= {f"context.{name}" for facts in table.facts for name in facts.context}
    return sorted(told - {feature.source for feature in features})


def apart(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The same, each weighing differently for every action: a learner an action, held together
    by what all share."""
    return tuple(one if "id" in one.by else replace(one, by=(*one.by, "id")) for one in features)


def check_declared(room: str, name: str, catalogue: Catalogue) -> None:
    """Raises Misconfigured for an attribute there is not, with the nearest there is."""
    declared = declared_in(catalogue, room)
    if name not in declared:
        what = f"the catalogue's schema declares no {room} attribute {name!r}"
        raise Misconfigured(f"{what}; {nearest(name, declared)}")


def _known(feature: Feature, catalogue: Catalogue, path: Path) -> None:
    room, _, name = feature.source.partition(".")
    if room not in _ROOMS:
        return
    try:
        check_declared(room, name, catalogue)
    except Misconfigured as error:
        raise Misconfigured(f"features {path}: feature {feature.name!r}: {error}") from None


def _spoken_of(features: Sequence[Feature], table: Examples) -> Iterator[Feature]:
    """Those that do not say the same of every row."""
    encoder = Encoder(features)
    x = encoder.matrix(table.facts)
    varied = (x != x[:1]).any(axis=0)
    for feature in features:
        if varied[encoder.spans[feature.name]].any():
            yield feature


def _from_rows(table: Examples) -> Iterator[Feature]:
    groups = {action.group for action in table.actions} - {None}
    by: tuple[Facet, ...] = ("group",) if groups else ("id",)
    ids = {action.id for action in table.actions}
    rooms: Mapping[str, Sequence[Mapping[str, Value]]] = {
        "customer": [facts.customer for facts in table.facts],
        "context": [facts.context for facts in table.facts],
    }
    for room, rows in rooms.items():
        for name in sorted({name for row in rows for name in row}):
            encoding = _encoding([row[name] for row in rows if name in row])
            if encoding is not None:
                words = () if not isinstance(encoding, Category | Members) else encoding.values
                match: Facet | None = "id" if ids & set(words) else None
                source = f"{room}.{name}"
                yield Feature(source, source, encoding, by, match)
    channels = sorted({facts.channel for facts in table.facts})
    if len(channels) > 1:
        yield Feature("channel", "channel", Category(tuple(channels)), by)


def _encoding(values: Sequence[Value]) -> Encoding | None:
    """None for free text."""
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    if all(isinstance(one, bool) for one in flat):
        return Category((True, False))
    if all(isinstance(one, int | float) for one in flat):
        return NUMBER
    words = [word for word, _ in Counter(map(str, flat)).most_common(MOST_WORDS + 1)]
    if len(words) > MOST_WORDS:
        return None
    listed = any(isinstance(value, list) for value in values)
    return Members(tuple(sorted(words))) if listed else Category(tuple(sorted(words)), other=True)
