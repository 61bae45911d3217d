"""What events say belongs together, linked for many customers at once: five trips for up to
`TOGETHER` of them where nobody else has the identities; whatever is not so simple, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from engine.change import Ask, Committed, Loaded
from engine.codec import pack_pointer, unpack_pointer
from engine.domain import CustomerState
from engine.errors import AnswerLost
from engine.identity import MOST_NAMES, claim
from engine.services.people.identities import Resolver
from engine.services.people.linking import Linking
from engine.services.people.lists import Lists
from engine.services.people.rules import Rules
from engine.services.ports import Bulk, Pointing

TOGETHER = 128

Said = Mapping[str, Sequence[str]]
"""Customers' ids, each with the normalised identities said to be theirs."""


class _Move(NamedTuple):
    """An identity that nobody else has: its packed pointer until now, and from now on."""

    identity: str
    before: bytes | None
    after: bytes | None


class _Tie(NamedTuple):
    """A customer under the id that was said, as loaded, and what is new of what is said."""

    named: str
    loaded: Loaded
    new: list[str]
    moves: list[_Move]


class Ties:
    """Links what nobody else has at once, the rest as `Linking.tie` does.

    The steps are those of `Linking`: listed with the customer by one compare-and-set, then
    pointed by another. Whatever fails either is left to be looked at anew.
    """

    def __init__(
        self,
        bulk: Bulk,
        pointing: Pointing,
        resolver: Resolver,
        linking: Linking,
        rules: Rules,
        lists: Lists,
    ) -> None:
        self._bulk = bulk
        self._pointing = pointing
        self._resolver = resolver
        self._linking = linking
        self._rules = rules
        self._lists = lists

    def tie_all(self, said: Said) -> dict[str, str]:
        """Link all that is said, no identity of two customers; why not, by identity, where a
        person should know. Raises Contention, and as the store."""
        reasons: dict[str, str] = {}
        waiting = iter(said.items())
        while some := dict(islice(waiting, TOGETHER)):
            for named, identity in self._left(some):
                if reason := self._linking.tie(named, identity):
                    reasons[identity] = reason
        return reasons

    def _left(self, said: Said) -> list[tuple[str, str]]:
        """What could not be linked at once, in the order it was said."""
        ties = self._new(said)
        if not ties:
            return []
        pointers = iter(self._pointing.pointers([one for tie in ties for one in tie.new]))
        done: set[str] = set()
        for tie in ties:
            packed = [next(pointers) for _ in tie.new]
            done.update(self._linked(tie, packed))
            tie.moves.extend(self._moves(tie, packed))
        done |= self._pointed(self._listed([tie for tie in ties if tie.moves]))
        return [(tie.named, one) for tie in ties for one in tie.new if one not in done]

    def _new(self, said: Said) -> list[_Tie]:
        """Those of whom something is said that is not linked already, or not seen to be."""
        loads = self._bulk.load_all([Ask(named) for named in said])
        ties = []
        for (named, identities), loaded in zip(said.items(), loads, strict=True):
            merged = loaded.redirect or loaded.fence
            followed = self._resolver.load(named) if merged else loaded
            if new := [one for one in identities if not self._known(one, followed.state)]:
                ties.append(_Tie(named, followed, new, []))
        return ties

    def _known(self, identity: str, state: CustomerState) -> bool:
        """Whether it is listed and was seen to lead there: what is only listed may have been cut
        short before it was pointed."""
        listed = identity in state.identities
        return listed and self._resolver.remembered(identity) == state.customer_id

    def _linked(self, tie: _Tie, pointers: Sequence[bytes | None]) -> Iterator[str]:
        """Those listed with the customer that lead there, too: remembered from now on."""
        state = tie.loaded.state
        for identity, packed in zip(tie.new, pointers, strict=True):
            holder = unpack_pointer(packed).customer_id
            if identity in state.identities and holder in (state.customer_id, *state.merged):
                self._resolver.remember(identity, state.customer_id)
                yield identity

    def _moves(self, tie: _Tie, pointers: Sequence[bytes | None]) -> Iterator[_Move]:
        """Those nobody else has and that are not listed; none where the customer is part of another
        by now, or full."""
        state = tie.loaded.state
        if state.customer_id != tie.named or len({*state.identities, *tie.new}) > MOST_NAMES:
            return
        for identity, packed in zip(tie.new, pointers, strict=True):
            if identity in state.identities:
                continue
            held = unpack_pointer(packed)
            claimed = claim(held, tie.named)
            if held.customer_id in ("", tie.named) and not self._rules.shared(claimed):
                ours = replace(claimed, customer_id=tie.named)
                yield _Move(identity, packed, pack_pointer(ours))

    def _listed(self, ties: Sequence[_Tie]) -> list[_Tie]:
        """Those with whom their moves are listed by now."""
        names = [[move.identity for move in tie.moves] for tie in ties]
        changes = [
            self._lists.adding(tie.loaded, new) for tie, new in zip(ties, names, strict=True)
        ]
        try:
            results = self._bulk.commit_all(changes)
        except AnswerLost:
            return []  # they are listed, or not: who looks anew finds out
        return [
            tie for tie, result in zip(ties, results, strict=True) if isinstance(result, Committed)
        ]

    def _pointed(self, ties: Sequence[_Tie]) -> set[str]:
        """The identities that lead to these customers by now."""
        moves = [(tie.named, move) for tie in ties for move in tie.moves]
        found = self._pointing.point_all([move for _, move in moves])
        done = [pair for pair, pointed in zip(moves, found, strict=True) if pointed]
        self._settle([(named, move.identity) for named, move in done])
        return {move.identity for _, move in done}

    def _settle(self, done: Sequence[tuple[str, str]]) -> None:
        """As after each link: of one erased meanwhile nothing is kept."""
        named = list(dict.fromkeys(one for one, _ in done))
        loads = self._bulk.load_all([Ask(one, sections=()) for one in named])
        listed = {one: loaded.state.identities for one, loaded in zip(named, loads, strict=True)}
        for one, identity in done:
            if identity in listed[one]:
                self._resolver.remember(identity, one)
            else:
                self._linking.settled(one, identity)
