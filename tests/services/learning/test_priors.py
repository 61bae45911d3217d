"""What a learner is told before answers of its own: a trained model, or that little is wanted."""

from __future__ import annotations

import pytest

from engine.models.features import Category, Feature
from engine.models.logistic import LogisticArtefact, LogisticModel, Term
from engine.teaching import priors
from engine.teaching.priors import NOTHING_YET, trained
from tests.services.learning.teaching import CATALOGUE, Log, count, course, expected, hear

PLAN = Feature("plan", "customer.plan", Category(("basic", "fibre")), ("id",))


EXPECTS = LogisticModel(
    LogisticArtefact((PLAN,), -4.0, (0.0, 0.0), id={"berries": Term(0.0, (0.0, 5.4))}), "v"
)
"""Who is on fibre takes the berries eight times in ten, and nobody takes anything else."""


def test_a_trained_model_is_a_prior_that_answers_outweigh() -> None:
    log, ours, prior = Log(), course(), trained(EXPECTS)
    for n in range(prior.facts):
        log.decide(f"c-{n}", "apples", plan=("basic", "fibre")[n % 2])
    assert not ours.instruct(prior, CATALOGUE.actions)  # nobody to ask it about yet
    count(ours, log.entries)
    unknown = log.decide("new", "berries", plan="fibre")
    before = expected(ours, log, unknown)
    assert ours.instruct(prior, CATALOGUE.actions)
    assert not ours.instruct(prior, CATALOGUE.actions)  # once
    told = expected(ours, log, unknown)
    assert before.get("berries", 0.0) < 0.1
    assert told["berries"] == pytest.approx(0.8, abs=0.1)
    assert told["cherries"] < 0.1
    for n in range(900):
        decision = log.decide(f"d-{n}", "berries", plan="fibre")
        log.answer(f"d-{n}", decision, "berries", "reject", 0.0)
    hear(ours, log)
    assert expected(ours, log, unknown)["berries"] < 0.35


def test_of_many_actions_a_learner_is_told_at_fewer_decisions_worth_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told at all of them, it would be at it for longer than its lease lasts."""
    log, ours, prior = Log(), course(), trained(EXPECTS)
    monkeypatch.setattr(priors, "MOST_WORK", 60 * ours.learner.expand.size**2)
    for n in range(prior.facts):
        log.decide(f"c-{n}", "apples", plan=("basic", "fibre")[n % 2])
    count(ours, log.entries)
    assert ours.instruct(prior, CATALOGUE.actions)
    snapshot = ours.learner.snapshot()
    assert len(snapshot.hindsights.owners) == 4 * (prior.facts + 60)
    assert snapshot.arms["berries"].seen == pytest.approx(prior.worth)


def test_the_first_refusals_do_not_say_that_nothing_is_worth_a_contact() -> None:
    log, ours = Log(), course()
    for n in range(NOTHING_YET.facts):
        decision = log.decide(f"c-{n}", "apples", plan=("basic", "fibre")[n % 2])
        log.answer(f"c-{n}", decision, "apples", "reject", 0.0)
    hear(ours, log)
    assert ours.instruct(NOTHING_YET, CATALOGUE.actions)
    assert expected(ours, log, decision)["apples"] == pytest.approx(0.025, abs=0.01)
    assert expected(ours, log, decision)["berries"] == pytest.approx(0.05, abs=0.01)
