"""What events tell of customers, committed many customers at a time: two trips for `TOGETHER`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from engine.catalogue import Catalogue
from engine.change import Ask, Committed, Loaded
from engine.errors import Contention, CustomerFull, IdentityShared
from engine.services.deciding.recent import Recent
from engine.services.intake.fate import Fate
from engine.services.intake.interactions import Name
from engine.services.intake.made import Made
from engine.services.intake.taking import Row, sections_for, take
from engine.services.ports import Bulk, People

TOGETHER = 128
PATIENCE = 5.0  # seconds for which customers that keep changing are tried again

Part = tuple[Name, list[Row]]
"""A customer, as the events say it, and what they tell."""


class Settling:
    """Takes rows in, whoever else changes the same customers meanwhile."""

    def __init__(self, people: People, bulk: Bulk, recent: Recent) -> None:
        self._people = people
        self._bulk = bulk
        self._recent = recent

    def settle(
        self, rows: Mapping[Name, list[Row]], catalogue: Catalogue, keep: int, fate: Fate
    ) -> None:
        """Commit every customer's rows; their `fate` says what became of each, and of those whose
        customer cannot be told, why. Raises Contention, StoreUnavailable, StateUnknown."""
        made = Made(self._people)
        waiting = iter(rows.items())
        while some := list(islice(waiting, TOGETHER)):
            left = self._round(some, catalogue, keep, made, fate)
            deadline = time.monotonic() + PATIENCE
            while left:
                if time.monotonic() >= deadline:
                    raise Contention("these customers keep changing: send the events again")
                left = self._round(left, catalogue, keep, made, fate)

    def _round(
        self,
        parts: Sequence[Part],
        catalogue: Catalogue,
        keep: int,
        made: Made,
        fate: Fate,
    ) -> list[Part]:
        """Load, take and commit some customers; those that changed meanwhile are left."""
        taken = [
            (part, take(loaded, part[1], catalogue, made, keep, part[0].identity))
            for part, loaded in self._loaded(parts, fate)
        ]
        changes = [upshot.change for _, upshot in taken if upshot.change]
        results = iter(self._bulk.commit_all(changes))
        left = []
        for part, upshot in taken:
            result = next(results) if upshot.change else None
            if isinstance(result, CustomerFull):
                fate.rejected.update((row.at, str(result)) for row in part[1])
                continue
            if not isinstance(result, Committed | None):
                left.append(part)
                continue
            if upshot.change and result:
                self._recent.follow(upshot.change, result.revision)
            fate.add(upshot.fate)
            if upshot.only_repeats_a_no:
                self._people.assure(upshot.customer_id)
        return left

    def _loaded(self, parts: Sequence[Part], fate: Fate) -> Iterator[tuple[Part, Loaded]]:
        """Each part with its customer, followed where it was merged or is not who it was. One
        whose customer cannot be told or never rests is rejected, and takes no other along."""
        asked = [self._ask(*part) for part in parts]
        known = self._bulk.load_all([ask for ask in asked if ask.customer_id])
        for part, ask in zip(parts, asked, strict=True):
            loaded = next(known) if ask.customer_id else None
            try:
                followed = self._followed(part[0], ask.seen, loaded)
            except (IdentityShared, Contention) as error:
                fate.rejected.update((row.at, str(error)) for row in part[1])
                continue
            yield part, followed

    def _ask(self, name: Name, rows: Sequence[Row]) -> Ask:
        """What to load of the customer, whose id is empty where we do not remember it."""
        guess = name.customer_id or self._people.remembered(name.identity) or ""
        return Ask(guess, list({key: None for row in rows for key in row.keys}), sections_for(rows))

    def _followed(self, name: Name, keys: Sequence[str], loaded: Loaded | None) -> Loaded:
        settled = loaded and not loaded.redirect and not loaded.fence
        if loaded and settled and (not name.identity or name.identity in loaded.state.identities):
            return loaded
        if name.identity:
            return self._people.identified(name.identity, keys)
        return self._people.load(name.customer_id, keys)
