"""A house with a catalogue, a good model, a champion, and offers to judge by."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from engine.domain import Event, EventLabel, Events, Tally
from engine.files import kept_key
from engine.models.encoder import Encoder
from engine.models.features import Feature
from engine.models.logistic import LogisticArtefact
from engine.models.online.learner import Learner
from engine.models.routing import Alias
from engine.models.verdict import Verdict
from engine.registry import Registry
from engine.registry.manifest import digest_of, signature
from tests.builders import action, files
from tests.training.worlds import ACTIONS as KNOWN
from tests.training.worlds import FEATURES, HOUR, a_world
from training.dataset import Examples
from training.fit import fit_logistic
from training.offpolicy.candidates import Candidates
from training.promotion.evidence import Evidence
from training.promotion.gate import Gate

NAME = "propensity"
SCHEMA = {
    "attributes": {
        "age": {"type": "int"},
        "spend": {"type": "double"},
        "plan": {"type": "string", "enum": ["basic", "plus", "fibre"]},
        "likes": {"type": "list<string>", "enum": ["isa", "loan", "card"]},
        "answered": {"type": "bool"},
    },
    "context": {},
    "identities": ["email"],
    "purposes": ["personalisation", "marketing"],
}
ACTIONS = (
    action("isa", group="savings"),
    action("loan", group="credit"),
    action("card", group="credit"),
    action("tips", kind="message"),
)
GROUPS: dict[str, dict[str, str]] = {"savings": {}, "credit": {}}


def write_catalogue(directory: Path, **overrides: Any) -> Path:
    """The catalogue of the world's actions, in a directory."""
    directory.mkdir()
    source = {"schema": SCHEMA, "groups": GROUPS, "actions": list(ACTIONS), **overrides}
    for name, content in files(**source).items():
        (directory / name).write_bytes(content)
    return directory


@lru_cache
def learnt(features: tuple[str, ...] = (), rows: int = 6000) -> LogisticArtefact:
    """What a logistic regression learns from the world; all features unless named."""
    used = [one for one in FEATURES if not features or one.name in features]
    table = a_world(rows + 1500)
    made = fit_logistic(
        table, used, cut=rows * HOUR, strengths=(0.3,), calibrate=False, resamples=20
    )
    return msgspec.json.decode(made.artefact, type=LogisticArtefact)


@lru_cache
def recent() -> Examples:
    """Offers that no model here has seen."""
    return a_world(4000, seed=2)


class House:
    """A registry whose champion knows plan and likes alone, and its gate."""

    def __init__(self, home: Path) -> None:
        self.data = home / "data"
        self.registry = Registry(self.data)
        self.catalogue = write_catalogue(home / "catalogue")
        self.champion = self.publish(learnt(("plan", "likes")))
        self.registry.promote(NAME, self.champion)

    def publish(self, artefact: LogisticArtefact, **metadata: object) -> str:
        return self.registry.publish(NAME, "logistic", msgspec.json.encode(artefact), metadata)

    def publish_learner(self, table: Examples) -> str:
        """What the online learner makes of these offers, one by one."""
        learner = Learner(FEATURES)
        learner.know(KNOWN)
        self._teach(learner, table)
        return self._snapshot(learner)

    def learn_on(self, table: Examples, every: int) -> list[str]:
        """The learner goes through these offers as they come, with a snapshot after so many; the
        latest is `learned`."""
        learner = Learner(FEATURES)
        learner.know(KNOWN)
        snapshots = []
        for first in range(0, len(table), every):
            rows = np.arange(len(table)) // every == first // every
            self._teach(learner, table.where(rows))
            said = {"at": int(table.at[rows].max()), "answers": first + every}
            snapshots.append(self._snapshot(learner, **said))
        self.registry.promote(NAME, snapshots[-1], "learned")
        return snapshots

    def _teach(self, learner: Learner, table: Examples) -> None:
        encode = Encoder(FEATURES).encode
        rows = zip(table.facts, table.actions, table.labels.tolist(), strict=True)
        for facts, shown, reward in rows:
            columns = np.array(encode(facts))
            learner.expand.see(columns)
            learner.learn(columns, shown.id, reward)

    def _snapshot(self, learner: Learner, **metadata: object) -> str:
        artefact = msgspec.json.encode(learner.snapshot())
        return self.registry.publish(NAME, "online", artefact, metadata)

    def judge(
        self,
        digest: str,
        table: Examples | None = None,
        *acknowledged: str,
        alias: Alias = "champion",
        clock: Callable[[], float] | None = None,
    ) -> Verdict:
        gate = self.gate(clock)
        candidate, champion = gate.contender(digest), gate.champion()
        rows = table or recent()
        evidence = Evidence(rows.where(rows.at >= max(candidate.since, champion.since)))
        return gate.judge(candidate, champion, alias, evidence, ("unproven", *acknowledged))

    def gate(self, clock: Callable[[], float] | None = None) -> Gate:
        candidates = Candidates(self.catalogue, self.registry)
        return Gate(NAME, self.registry, candidates, clock or a_clock())

    def plant(self, artefact: bytes, key: bytes | None = None, **said: object) -> str:
        """A version put on disk by hand; signed with the house's key, unless with another."""
        manifest = {
            "type": "teller.model.1",
            "name": NAME,
            "kind": "logistic",
            "size": len(artefact),
            "sha256": sha256(artefact).hexdigest(),
            **said,
        }
        written = json.dumps(manifest).encode()
        digest = digest_of(written)
        home = self.data / "models" / NAME / digest[7:]
        home.mkdir(parents=True)
        signed = signature(key or kept_key(self.data, "model"), NAME, digest)
        for name, content in (("manifest.json", written), ("artefact", artefact)):
            (home / name).write_bytes(content)
        (home / "signature").write_bytes(signed)
        return digest


def a_clock() -> Callable[[], float]:
    """A clock by which everything takes as long as everything else."""
    ticks = iter(range(10**9))
    return lambda: float(next(ticks))


def scaled(artefact: LogisticArtefact, slope: float, shift: float = 0.0) -> LogisticArtefact:
    """The same with every logit times `slope`, plus `shift`."""
    terms = {
        facet: {
            name: replace(
                term, intercept=term.intercept * slope, slopes=tuple(x * slope for x in term.slopes)
            )
            for name, term in getattr(artefact, facet).items()
        }
        for facet in ("id", "group", "kind")
    }
    return replace(
        artefact,
        intercept=artefact.intercept * slope + shift,
        coefficients=tuple(x * slope for x in artefact.coefficients),
        match={name: x * slope for name, x in artefact.match.items()},
        **terms,
    )


def with_feature(artefact: LogisticArtefact, feature: Feature, *weights: float) -> LogisticArtefact:
    """The same, looking at one thing more."""
    return replace(
        artefact,
        features=(*artefact.features, feature),
        coefficients=(*artefact.coefficients, *weights),
    )


def replaced(table: Examples, labels: NDArray[np.float64]) -> Examples:
    """The same offers, of which something else came."""
    return Examples(table.facts, table.actions, labels, table.at, table.weights, table.subjects)


def half_clicks(table: Examples) -> Examples:
    """The same offers, every other one worth a fifth when it is answered."""
    return replaced(table, np.where(np.arange(len(table)) % 2, 0.2, 1.0) * table.labels)


def told(table: Examples) -> Examples:
    """The same offers, whose customers' facts say whether they will answer."""
    facts = [
        replace(one, customer={**one.customer, "answered": bool(label)})
        for one, label in zip(table.facts, table.labels.tolist(), strict=True)
    ]
    return Examples(facts, table.actions, table.labels, table.at, table.weights, table.subjects)


def long_remembered(table: Examples) -> Examples:
    """The same offers, to customers with a long history."""
    labels = tuple(EventLabel("click", action=one) for one in ("isa", "loan", "card", "tips"))
    rows = tuple(Event(number, number % len(labels)) for number in range(200))
    events = Events(labels, rows, tuple(Tally(50, 199) for _ in labels))
    facts = [replace(one, events=events) for one in table.facts]
    return Examples(facts, table.actions, table.labels, table.at, table.weights, table.subjects)


def jittered(artefact: LogisticArtefact, spread: float) -> LogisticArtefact:
    """The same with every weight a little off."""
    rng = np.random.default_rng(5)
    coefficients = np.array(artefact.coefficients)
    off = coefficients + rng.normal(0, spread, len(coefficients))
    return replace(artefact, coefficients=tuple(off.tolist()))


def reasons(verdict: Verdict) -> set[str]:
    """What the gate refused it for."""
    return {one.reason for one in verdict.refusals}
