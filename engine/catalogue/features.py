"""What models look at where nobody said: features derived from what the catalogue declares.

Personal attributes and free text are left out: the one identifies people, and of the other
nobody can say which words will come. Nothing derived asks about a window of time, so that
customers' memories need not grow for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.catalogue.compiled import Catalogue
from engine.catalogue.featuring import NUMBER, encoding_of
from engine.domain import OUTCOMES, Action
from engine.models.features import Category, Encoding, Facet, Feature, Number, absent
from engine.rules.scope import Attribute

MOST_COLUMNS = 128
"""What a feature would add beyond this is left out, attributes first come, history last."""

_TELLING = ("reject", "dismiss")


def features_of(catalogue: Catalogue) -> tuple[Feature, ...]:
    """The catalogue's own features; where it declares none, in a stable order: attributes and
    context that are numbers, true or false, or one or many of listed words; the channel; and how
    often and how long ago the customer answered, over all and by group.

    Numbers are not scaled yet (`training.dataset.scaled` does, and a learner does by itself).
    """
    if catalogue.features:
        return catalogue.features
    room = MOST_COLUMNS
    kept = []
    for feature in _all(catalogue):
        columns = len(absent(feature.encoding))
        if columns <= room:
            room -= columns
            kept.append(feature)
    return tuple(kept)


def _all(catalogue: Catalogue) -> Iterator[Feature]:
    by: tuple[Facet, ...] = ("group",) if any(one.group for one in catalogue.actions) else ("id",)
    yield from _declared("customer", catalogue.scope.customer, by, catalogue.actions)
    yield from _declared("context", catalogue.scope.context, by, catalogue.actions)
    channels = tuple(sorted(catalogue.channels))
    if len(channels) > 1:
        yield Feature("channel", "channel", Category(channels), by)
    telling = {*catalogue.strategy.positive, *_TELLING}
    for outcome in (one for one in OUTCOMES if one in telling):
        yield Feature(f"{outcome}s", "history.count", Number(), by, event=outcome)
        yield Feature(f"since_{outcome}", "history.days_since", NUMBER, by, event=outcome)
    for outcome in (one for one in OUTCOMES if catalogue.strategy.positive.get(one, 0.0) > 0.0):
        for group in sorted({one.group for one in catalogue.actions if one.group}):
            name = f"{outcome}s_of_{group}"
            where = {"group": group}
            yield Feature(name, "history.count", Number(), by, event=outcome, where=where)


def _declared(
    room: str,
    attributes: Mapping[str, Attribute],
    by: tuple[Facet, ...],
    actions: Sequence[Action],
) -> Iterator[Feature]:
    for name, attribute in sorted(attributes.items()):
        encoding = None if attribute.personal else encoding_of(attribute)
        if encoding is not None:
            yield Feature(
                f"{room}.{name}", f"{room}.{name}", encoding, by, _match(encoding, actions)
            )


def _match(encoding: Encoding, actions: Sequence[Action]) -> Facet | None:
    """Whether its words are actions, or groups: then "this one" is worth knowing."""
    if isinstance(encoding, Number):
        return None
    told: tuple[Facet, ...] = ("id", "group")
    return next(
        (one for one in told if {getattr(a, one) for a in actions} & set(encoding.values)), None
    )
