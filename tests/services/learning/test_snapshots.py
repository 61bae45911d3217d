"""What a learner publishes, when, and for how long it is kept."""

from __future__ import annotations

import pytest

from engine.models.routing import LEARNED
from engine.partitions import made_at
from engine.registry import Registry
from engine.services.learning import reading, study
from engine.situation import PROPENSITY
from engine.store import Store
from engine.teaching.priors import NOTHING_YET
from tests.services.learning.school import SECOND, School, clock


def test_a_snapshot_has_heard_of_no_decision_made_after_it(school: School) -> None:
    """However its learner's clock goes: the gate judges it by those."""
    decisions = school.offer(80)
    assert school.learner(now=lambda: 1_000_000).catch_up()
    registry = Registry(school.home / "data", school.store)
    at = registry.manifest(PROPENSITY, registry.resolve(PROPENSITY, LEARNED)).metadata["at"]
    assert isinstance(at, int)
    assert at >= max(map(made_at, decisions))


def test_a_version_is_let_go_once_no_decision_made_with_it_can_be_made_again(
    school: School, store: Store
) -> None:
    registry = Registry(school.home / "data", store)
    learner = school.learner()
    for _ in range(3):
        school.offer(NOTHING_YET.facts)
        assert learner.catch_up()
    first, last = sorted(school.kept()[0].progress.versions.items(), key=lambda one: one[1])[::2]
    assert len(registry.versions(PROPENSITY)) == 3
    kept_for = school.learner()._current()._retention + study.DAY
    old = school.learner()
    progress = old._current()._course.progress
    progress.versions[first[0]] -= kept_for + 3600 * 1000
    school.offer(4)
    old.turn()
    left = registry.versions(PROPENSITY)
    assert first[0] not in left
    assert last[0] in left
    assert registry.aliases(PROPENSITY)[LEARNED] in left


def test_what_an_alias_means_is_never_let_go(school: School, store: Store) -> None:
    registry = Registry(school.home / "data", store)
    school.offer(NOTHING_YET.facts)
    assert school.learner().catch_up()
    learned = registry.aliases(PROPENSITY)[LEARNED]
    registry.drop(PROPENSITY, learned)
    assert learned in registry.versions(PROPENSITY)


def test_a_snapshot_that_must_not_serve_is_not_published(school: School, store: Store) -> None:
    school.offer(NOTHING_YET.facts)
    learner = school.learner()
    learner.turn()
    serving = Registry(school.home / "data", store).aliases(PROPENSITY)
    broken = learner._current()._course.learner
    broken._own.weights[:] = float("nan")
    school.offer(2)
    assert not learner._unharmed(learner.turn)
    assert Registry(school.home / "data", store).aliases(PROPENSITY) == serving


def test_while_offers_are_still_to_be_counted_nothing_is_published_for_a_while(
    school: School, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_COUNT", 1)  # one entry of a partition at a time
    school.offer(40)
    learner = school.learner(now=clock(SECOND))
    assert learner.turn()
    while learner.turn():
        assert not Registry(school.home / "data", store).versions(PROPENSITY)
    assert len(Registry(school.home / "data", store).versions(PROPENSITY)) == 1


def test_until_a_few_decisions_were_seen_the_prior_serves(school: School, store: Store) -> None:
    learner, registry = school.learner(), Registry(school.home / "data", store)
    school.offer(NOTHING_YET.facts - 1)
    learner.turn()
    assert not registry.aliases(PROPENSITY)
    school.offer(1)
    learner.turn()
    assert LEARNED in registry.aliases(PROPENSITY)
