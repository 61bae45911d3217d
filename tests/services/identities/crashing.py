"""A process that dies at a chosen step of a merge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.bootstrap import Application
from engine.services.people.identities import Resolver
from engine.services.people.linking import Linking
from engine.services.people.lists import Lists
from engine.services.people.merges import Merges
from engine.services.people.rules import Rules
from engine.store import Store


class Crash(Exception):
    """The process is gone."""


class Crashing:
    """The store's verbs for identities, until the process dies before or after one of them."""

    def __init__(self, store: Store, at: int, after: bool) -> None:
        self._verbs = store.identities
        self._left = at
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        verb: Callable[..., Any] = getattr(self._verbs, name)
        if name not in ("point", "fence", "fold", "settle"):
            return verb

        def dying(*args: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Crash
            answer = verb(*args, **options)
            if self._left == 0:
                raise Crash
            return answer

        return dying


def crashing(
    application: Application, store: Store, at: int, after: bool, limit: int = 3
) -> Linking:
    verbs = Crashing(store, at, after)
    rules = Rules(application.served, None, limit)
    merges = Merges(store, verbs, rules.shared)
    lists = Lists(store, application.served)
    resolver = Resolver(store, verbs, merges, rules, lists)
    return Linking(resolver, verbs, merges, rules, application.served, lists)
