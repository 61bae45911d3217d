"""Others at the same task, where they are installed: a contextual bandit's choice among actions."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import click

from bench.catalogues import GROUPS, NOW, catalogue_files, customer_state
from bench.figures import Figure, against
from bench.inprocess import REQUEST, live, micros
from engine.catalogue import compile_catalogue
from engine.decide import decide
from engine.domain import Facts, Value
from engine.exploration import pick
from engine.exploration.epsilon import Epsilon
from engine.models.base import Predictor

ACTIONS = 100
LEAST = 5.0


def measure() -> Iterator[Figure]:
    """Vowpal Wabbit's predict from Python, and ours, with the same features; beside them a
    whole decision, which also reads history, checks rules and caps, and explains."""
    if find_spec("vowpalwabbit") is None:
        click.echo("Vowpal Wabbit is not installed: pip install vowpalwabbit")
        return
    from vowpalwabbit import Workspace  # noqa: PLC0415 - only where it is installed

    state, engaged = customer_state(50), live(compile_catalogue(catalogue_files(ACTIONS)))
    facts = Facts(state.attributes, REQUEST.context, state.events, "web", NOW)
    workspace = Workspace("--cb_explore_adf --epsilon 0.02 -q :: --quiet")
    example = _example(state.attributes)
    theirs = micros(lambda: workspace.predict(example))
    predict = micros(lambda: _choose(engaged.predictor, facts))
    whole = micros(lambda: decide(REQUEST, state, engaged, NOW, "0" * 32))
    workspace.finish()
    yield _faster(f"propensities and a draw ÷ VW's, {ACTIONS} actions", predict, theirs, LEAST)
    yield _faster(f"decide() ÷ VW's predict, {ACTIONS} actions", whole, theirs, None)


def _choose(predictor: Predictor, facts: Facts) -> int:
    return pick(Epsilon(0.02).probabilities(predictor.predict(facts).propensities), 0.5)


def _faster(name: str, ours: list[float], theirs: list[float], least: float | None) -> Figure:
    pairs = [(1e6 / mine, 1e6 / other) for mine, other in zip(ours, theirs, strict=True)]
    return against(name, pairs, "a second", least=least)


def _example(attributes: dict[str, Value]) -> str:
    """The customer and the actions in VW's text format: what our model looks at, no more."""
    numbers = " ".join(f"n{i}:{attributes[f'n{i}']}" for i in range(20))
    shared = f"shared |c {numbers} plan={attributes['plan']} page=/p1"
    actions = (f"|a id={i} group={i % GROUPS}" for i in range(ACTIONS))
    return "\n".join([shared, *actions])
