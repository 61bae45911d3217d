"""One customer's events, taken in one after the other from one loaded state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from engine import record
from engine.catalogue import Catalogue
from engine.change import Change, Loaded, Seen
from engine.codec import pack
from engine.domain import Consent, CustomerState, Interaction
from engine.errors import Rejected
from engine.identity import named, retold, times_of
from engine.learn import Learned, ended_by, learn
from engine.namespaces import ANONYMOUS
from engine.record import CustomerRecord, InteractionRecord
from engine.rules.consent import granted_since, refused
from engine.services.deciding.changes import change_of
from engine.services.intake.fate import Fate
from engine.services.intake.hearing import alone
from engine.services.intake.made import Made
from engine.wire.telling import Tidings

SOURCE = "event"

_BY_DEEDS, _BY_ANSWERS = ("events",), ("events", "contacts")
_SECTIONS = ("attributes", "consent", "contacts", "events", "told")


class Row(NamedTuple):
    """An event that could be read: where it stands in its delivery, what it tells, its key,
    whether its sender may speak of named customers, and when it came (ms) if it was set aside
    since."""

    at: int
    told: Tidings
    seen: Seen
    trusted: bool
    came: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys to ask the store for: of an opt-out, also whether it counted alone before."""
        return (self.seen.key, alone(self.seen)) if self.told.says_no else (self.seen.key,)


class Upshot(NamedTuple):
    """What one customer's events come to: the change to be committed, None for none, and their
    fate once it is. `only_repeats_a_no`: a no was said that was said before, and nothing else of
    consent, so that the commit does not see to it that it holds."""

    customer_id: str
    change: Change | None
    fate: Fate
    only_repeats_a_no: bool


def sections_for(rows: Iterable[Row]) -> Sequence[str] | None:
    """The sections of their customer that taking these in looks at, None for all. What somebody did
    is an event and no more, and of their contacts where it answers one."""
    answers = False
    for _, told, *_ in rows:
        if told.attributes or told.says_no:
            return None
        answers = answers or told.outcome is not None
    return _BY_ANSWERS if answers else _BY_DEEDS


def take(
    loaded: Loaded,
    rows: Sequence[Row],
    catalogue: Catalogue,
    made: Made,
    keep: int,
    identity: str = "",
) -> Upshot:
    """Take one customer's events in, who may be named by an identity; records are kept for `keep`
    ms. All that is held of the customer is let go of, but for the bytes that change."""
    taking = _Taking(loaded, catalogue, made)
    own = [row for row in rows if row.trusted] if _is_own(identity, loaded.state) else rows
    taking.fate.refused += len(rows) - len(own)
    taking.take(own)
    change = taking.change(keep) if taking.fresh else None
    return Upshot(loaded.state.customer_id, change, taking.fate, taking.only_repeats_a_no)


class _Taking:
    """`change` is what the events taken make of the customer; nothing when none is `fresh`."""

    def __init__(self, loaded: Loaded, catalogue: Catalogue, made: Made) -> None:
        self.fate = Fate()
        self.fresh: list[Seen] = []
        self._loaded = loaded
        self._state = loaded.state
        self._catalogue = catalogue
        self._made = made
        self._entries: list[bytes] = []
        self._no_again = False

    @property
    def only_repeats_a_no(self) -> bool:
        """As `Upshot` has it."""
        return self._no_again and self._state.consent is self._loaded.state.consent

    def take(self, rows: Iterable[Row]) -> None:
        """All rows whose key was not seen before, neither by the store nor among themselves."""
        known = {one.key for one in self._loaded.seen if one}
        for row in rows:
            if row.seen.key in known:
                self.fate.duplicates += 1
                self._no_again = self._no_again or row.told.says_no
                continue
            told = self._allowed(row)
            if row.came is not None:
                told = self._unless_outdated(told, row.came)
            if alone(row.seen) in known:  # a yes may have come since
                told, self._no_again = _without_its_no(told), True
            try:
                self._take(told)
            except Rejected as error:
                self.fate.rejected[row.at] = str(error)
                continue
            known.add(row.seen.key)
            self.fresh.append(row.seen)
            self.fate.accepted += 1

    def change(self, keep: int) -> Change:
        """What the commit writes; records are kept for `keep` ms."""
        before, after = self._loaded.state, self._state
        moved = [name for name in _SECTIONS if getattr(before, name) is not getattr(after, name)]
        return change_of(self._loaded, pack(after, moved), self._entries, self.fresh, keep)

    def _allowed(self, row: Row) -> Tidings:
        """Anyone can read a page's key, so it opts out nobody but an unknown visitor."""
        if row.trusted or not row.told.opt_out or not named(self._state):
            return row.told
        self.fate.refused += 1
        return row.told._replace(opt_out=frozenset())

    def _unless_outdated(self, told: Tidings, came: int) -> Tidings:
        """What was set aside undoes no yes that was said after it came, however long ago that
        is: of keys the store remembers some weeks. What just comes does, whatever clocks say."""
        ended, consent = self._ended(told), self._state.consent
        left = {one for one in ended if not granted_since(consent.get(one), came)}
        return _without_its_no(told)._replace(opt_out=frozenset(left)) if left < ended else told

    def _ended(self, told: Tidings) -> frozenset[str]:
        """All that it opts out of, as an outcome too."""
        if told.outcome is None or told.outcome.type != "unsubscribe":
            return told.opt_out
        return told.opt_out | ended_by(told.outcome.action, self._catalogue)

    def _take(self, told: Tidings) -> None:
        now = self._loaded.now
        if told.free is not None:
            told, interaction, learned = self._learnt(told, told.free)
            self._state = learned.state
            self._write(
                InteractionRecord(self._state.customer_id, interaction, learned.reward, now)
            )
        if told.free is None or told.attributes or told.opt_out:
            self._change(told)

    def _learnt(self, told: Tidings, free: Interaction) -> tuple[Tidings, Interaction, Learned]:
        """What the event teaches. An opt-out counts whether or not we know what it answers."""
        if told.outcome is not None:
            try:
                return told, *self._learn(told.outcome)
            except Rejected:
                if not told.says_no:
                    raise
                told = told._replace(opt_out=self._ended(told))
        return told, *self._learn(free)

    def _learn(self, interaction: Interaction) -> tuple[Interaction, Learned]:
        now = self._loaded.now
        interaction = replace(interaction, at=min(interaction.at, now))
        made = self._made.offered_to(self._state.customer_id, interaction.decision_id)
        return interaction, learn(interaction, made, self._state, self._catalogue, now)

    def _change(self, told: Tidings) -> None:
        """Attributes told later stay; an opt-out holds at once and whatever the clocks say."""
        state, now = self._state, self._loaded.now
        at, since = min(told.at, now), times_of(self._state)
        latest = {
            name: value for name, value in told.attributes.items() if at >= since.get(name, 0)
        }
        said = Consent("denied", at, SOURCE)
        no = {name: refused(state.consent.get(name), said) for name in sorted(told.opt_out)}
        if latest:
            both = {**state.attributes, **latest}
            kept = {name: value for name, value in both.items() if value is not None}
            told_then = retold(state, kept, latest, at)
            self._state = state = replace(state, attributes=kept, told=told_then)
        if no:
            self._state = replace(state, consent={**state.consent, **no})
        self._write(CustomerRecord(state.customer_id, latest, no, SOURCE, now))

    def _write(self, entry: record.Record) -> None:
        self._entries.append(record.encode(entry))


def _is_own(identity: str, state: CustomerState) -> bool:
    """Whether a visitor's name is an id of the customer's, now or before a merge: an alias may make
    it one. Others know such ids, or guess them, and anyone can read a page's key."""
    name = identity.removeprefix(f"{ANONYMOUS}:")
    return name != identity and name in (state.customer_id.strip(), *map(str.strip, state.merged))


def _without_its_no(told: Tidings) -> Tidings:
    unsubscribed = told.outcome is not None and told.outcome.type == "unsubscribe"
    return told._replace(opt_out=frozenset(), outcome=None if unsubscribed else told.outcome)
