"""Files to a catalogue, or to every reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from engine.catalogue import versions
from engine.catalogue.actions import ActionCompiler, in_order
from engine.catalogue.compiled import Catalogue
from engine.catalogue.conditions import Conditions
from engine.catalogue.contacts import ContactCompiler
from engine.catalogue.declared import scope as declared_scope
from engine.catalogue.definitions import compile_definitions
from engine.catalogue.events import Meaning, compile_events
from engine.catalogue.faults import Faults
from engine.catalogue.featuring import compile_features
from engine.catalogue.idle import warn_idle
from engine.catalogue.placements import Placement, PlacementCompiler
from engine.catalogue.reach import reach_of
from engine.catalogue.reading import Reading, is_catalogue_file, read
from engine.catalogue.selecting import Names
from engine.catalogue.strategies import compile_strategy
from engine.catalogue.strategy import Strategy
from engine.catalogue.trials import Trial, TrialCompiler
from engine.errors import CatalogueRefused
from engine.rules.contact import ContactPolicies
from engine.rules.custom import Predicate
from engine.rules.scalar import Definition, compile_rules
from engine.rules.scope import Scope

Predicates = Mapping[str, Predicate]

NO_PREDICATES: Predicates = MappingProxyType({})

_ANONYMOUS = "anonymous"


def compile_catalogue(
    files: Mapping[str, bytes],
    predicates: Predicates = NO_PREDICATES,
    predicate_source: bytes = b"",
    now: int | None = None,
) -> Catalogue:
    """The catalogue that `files` (name to content; YAML and CSV, others left alone) describe.

    `predicates` are the `@rule` functions by name and `predicate_source` the text they come
    from. With `now` (ms), expired actions are warned of. Raises CatalogueRefused with every
    fault there is.
    """
    return _Compiler(files, predicates, predicate_source).catalogue(now)


class _Compiler:
    """One compilation: each step adds to what the next one needs."""

    def __init__(
        self, files: Mapping[str, bytes], predicates: Predicates, predicate_source: bytes
    ) -> None:
        self.files = {name: files[name] for name in sorted(filter(is_catalogue_file, files))}
        self.predicates = predicates
        self.source = predicate_source
        self.faults = Faults()
        self.reading: Reading = read(self.files, self.faults)
        if not self.reading.complete:  # names of unreadable files would be missed everywhere
            raise CatalogueRefused(self.faults.found)
        self.scope: Scope = declared_scope(self.reading, predicates, self.faults)
        self.conditions = Conditions(self.reading, self.scope, self.faults)
        self.features = compile_features(self.reading, self.scope, self.faults)
        self.names = Names(self.reading, frozenset(self.scope.channels))

    def catalogue(self, now: int | None) -> Catalogue:
        definitions = compile_definitions(self.reading, self.conditions, self.faults)
        acting, placements = self._actions()
        contact = self._contact(acting, placements)
        strategy = compile_strategy(
            self.reading.strategies,
            acting.located,
            acting.actions,
            self.names,
            self.conditions,
            self.faults,
        )
        tests = self._tests()
        events = self._events()
        self._warn(acting, strategy, now)
        if self.faults.found:
            raise CatalogueRefused(self.faults.found)
        return self._assemble(definitions, acting, placements, contact, strategy, tests, events)

    def _actions(self) -> tuple[ActionCompiler, Mapping[str, Placement]]:
        acting = ActionCompiler(self.reading, self.conditions, self.faults)
        acting.add_groups()
        placing = PlacementCompiler(
            self.reading.section("placements"), self.conditions, self.faults
        )
        actions = self.reading.section("actions")
        for number, located in enumerate(in_order(actions)):
            acting.add(located)
            placing.add(number, acting.actions[-1] if acting.kinds_known[-1] else None, located)
        return acting, placing.placements(hopeful=bool(actions.broken))

    def _contact(
        self, acting: ActionCompiler, placements: Mapping[str, Placement]
    ) -> ContactPolicies:
        compiler = ContactCompiler(self.names, self.conditions, self.faults)
        section = self.reading.section("contact")
        policies = [
            policy
            for located in section.written
            if (policy := compiler.policy(located)) is not None
        ]
        warn_idle(policies, section.parts, acting.actions, placements.values(), self.faults)
        return ContactPolicies(policies, acting.actions)

    def _tests(self) -> tuple[Trial, ...]:
        compiler = TrialCompiler(
            self.names,
            self.reading.section("placements").parts,
            self._words("purposes"),
            self.conditions,
            self.faults,
        )
        return tuple(map(compiler.trial, self.reading.section("tests").written))

    def _events(self) -> Mapping[str, Meaning]:
        section = self.reading.section("events")
        return compile_events(section, self.scope.customer, self._words("purposes"), self.faults)

    def _words(self, part: str) -> frozenset[str]:
        """The names in a list of `schema`."""
        return frozenset(self.reading.section("schema", part).parts)

    def _warn(self, acting: ActionCompiler, strategy: Strategy, now: int | None) -> None:
        """What may be meant, but rarely is."""
        if now is not None:
            acting.warn_expired(now)
        for number, located in enumerate(acting.located):
            if strategy.static.worth[number] <= 0:
                what = f"`{located.spec.id}` is worth nothing, so it is never chosen"
                self.faults.warn(located, (), what, "give it a value or a customer_value")
        featured = {
            tuple(located.spec.source.split(".", 1))
            for located in self.reading.section("features").parts.values()
        }
        read = self.conditions.reads | featured
        for part, root in (("attributes", "customer"), ("context", "context")):
            for name, located in self.reading.section("schema", part).parts.items():
                if (root, name) not in read and name.encode() not in self.source:
                    self.faults.warn(located, (), f"no rule and no template reads `{root}.{name}`")

    def _assemble(
        self,
        definitions: list[Definition],
        acting: ActionCompiler,
        placements: Mapping[str, Placement],
        contact: ContactPolicies,
        strategy: Strategy,
        tests: tuple[Trial, ...],
        events: Mapping[str, Meaning],
    ) -> Catalogue:
        content = {name: document.value for name, document in self.reading.documents.items()}
        conditions = tuple(self.conditions.conditions)
        actions = tuple(acting.actions)
        attributes = self.reading.section("schema", "attributes").parts
        reach = max(
            contact.reach,
            strategy.attribution,
            *(place.hold for place in placements.values()),
            reach_of((*conditions, *self.conditions.values), definitions),
        )
        return Catalogue(
            digest=versions.digest_of(content, self.source),
            files=self.files,
            predicate_source=self.source,
            warnings=tuple(self.faults.warnings),
            actions=actions,
            index={action.id: number for number, action in enumerate(actions)},
            tiers=np.array([action.tier for action in actions], np.int64),
            groups=frozenset(self.scope.groups),
            channels=frozenset(self.scope.channels),
            purposes=self._words("purposes"),
            identities=self._words("identities") | {_ANONYMOUS},
            personal=frozenset(name for name, at in attributes.items() if at.spec.personal),
            asked=self.conditions.asked,
            scope=self.scope,
            definitions=tuple(definitions),
            conditions=conditions,
            ruleset=compile_rules(
                definitions, conditions, self.conditions.values, self.scope, self.predicates
            ),
            schedule=acting.schedule(),
            consent=acting.consent(),
            engagement=acting.engagement(),
            contact=contact,
            placements=placements,
            strategy=strategy,
            events=events,
            features=self.features,
            reach=reach,
            retention=reach,
            tests=tests,
        )
