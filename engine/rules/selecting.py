"""Which actions and which remembered contacts a policy speaks about, and what it counts them by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from engine.domain import Action, EventLabel, Label, Selector
from engine.rules.limits import Per
from engine.rules.masks import mask_of

Key = str | tuple[str, str] | None
"""One of the things a policy counts by. An action without a group is a group of its own:
the pair ("", its id), which no group's name can be."""

_Labelled = Label | EventLabel
_FIELDS = ("kind", "group", "action", "channel", "placement")
_OF_ACTIONS = ("kind", "group", "action")


class Fleet:
    """All actions of a catalogue, to be found by id, group or kind."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self.actions = tuple(actions)
        self._labels = [label_of(action, "", "") for action in actions]
        self._index = {action.id: i for i, action in enumerate(actions)}
        self._masks = {
            "group": _by(action.group for action in actions),
            "kind": _by(action.kind for action in actions),
        }

    def mask(self, per: str, key: Key) -> int:
        """The actions whose own action, group or kind is `key`; 0 when there is none."""
        if isinstance(key, tuple):
            index = self._index.get(key[1])
            return 0 if index is None or self.actions[index].group else 1 << index
        if per == "action":
            index = self._index.get(key or "")
            return 0 if index is None else 1 << index
        return self._masks[per].get(key, 0)

    def selected(self, selector: Selector) -> int:
        """The actions `selector` speaks about, wherever they may be shown."""
        matches = _matching(selector, _OF_ACTIONS)
        return mask_of(i for i, label in enumerate(self._labels) if matches(label))


class Selection:
    """A selector made ready: what it matches, and which of its actions a used-up key keeps out.

    `matches` says of a label whether it is one of the contacts, or outcomes, spoken about;
    `key` what it counts as; `mask` holds the actions spoken about, wherever they are shown;
    `channels` names those it speaks about, none for all.
    """

    def __init__(self, selector: Selector, per: Per | None, fleet: Fleet) -> None:
        self.matches = _matching(selector, _FIELDS)
        self.channels = selector.channel
        self._placements = selector.placement
        self._per = per
        self._fleet = fleet
        self.key: Callable[[_Labelled], Key] = _KEYS[per]
        self.mask = fleet.selected(selector)

    def on_channel(self, channel: str | None) -> bool:
        """Can this keep anything out on `channel`? None is one that nothing names."""
        return not self.channels or channel in self.channels

    def at_placement(self, placement: str) -> bool:
        """Can this keep anything out at `placement`?"""
        return not self._placements or placement in self._placements

    def kept_out(self, used_up: Iterable[Key], channel: str, placement: str) -> int:
        """The actions at this place whose own key is among those `used_up`."""
        per = self._per
        if per is None:
            return self.mask if None in used_up else 0
        if per == "channel":
            return self.mask if channel in used_up else 0
        if per == "placement":
            return self.mask if placement in used_up else 0
        out = 0
        for key in used_up:
            out |= self._fleet.mask(per, key)
        return out & self.mask


def label_of(action: Action, channel: str, placement: str) -> Label:
    """What a contact with `action` at that place is remembered as."""
    return Label(action.id, action.kind, action.group or "", channel, placement)


def _matching(selector: Selector, fields: Sequence[str]) -> Callable[[_Labelled], bool]:
    """Whether a label is of what `selector` speaks about, as far as those fields say."""
    wanted = {field: values for field in fields if (values := getattr(selector, field))}
    tests = [(attrgetter(field), values) for field, values in wanted.items()]
    if len(tests) == 1:  # as most have: half the time of the loop below, on the hot path
        [(read, values)] = tests
        return lambda label: read(label) in values

    def matches(label: _Labelled) -> bool:
        for read, values in tests:  # noqa: SIM110 - twice as quick as all()
            if read(label) not in values:
                return False
        return True

    return matches


def _by(values: Iterable[str | None]) -> dict[Key, int]:
    found: dict[Key, list[int]] = {}
    for index, value in enumerate(values):
        if value is not None:
            found.setdefault(value, []).append(index)
    return {value: mask_of(indices) for value, indices in found.items()}


def _together(_: _Labelled) -> Key:
    return None


def _group(label: _Labelled) -> Key:
    return label.group or ("", label.action)


_KEYS: dict[Per | None, Callable[[_Labelled], Key]] = {
    None: _together,
    "action": attrgetter("action"),
    "group": _group,
    "kind": attrgetter("kind"),
    "channel": attrgetter("channel"),
    "placement": attrgetter("placement"),
}
