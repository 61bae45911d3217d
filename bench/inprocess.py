"""The decision's own work, in one process and without I/O."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from bench.catalogues import NOW, catalogue_files, customer_state, model_artefact
from bench.figures import Figure, figure
from engine.catalogue import Catalogue, compile_catalogue
from engine.decide import decide
from engine.domain import Facts
from engine.models.beta import UNTRAINED
from engine.models.kinds import parse_model
from engine.plan import DecisionRequest, PlacementAsk
from engine.situation import Live

SIZES = (10, 100, 1_000, 10_000)
DECIDE = {100: 150.0, 1_000: 250.0, 10_000: 800.0}
RULES = {100: 13.0, 1_000: 22.0, 10_000: 72.0}
REQUEST = DecisionRequest(
    "c-1", "web", (PlacementAsk("home.hero"),), {"page": "/p1"}, explain="none"
)


def live(catalogue: Catalogue) -> Live:
    """The catalogue with the bench's model bound to it."""
    model = parse_model("logistic", model_artefact())
    return Live(
        catalogue,
        model.bind(catalogue.actions),
        UNTRAINED.bind(catalogue.actions),
        {"propensity": model.version},
    )


def measure() -> Iterator[Figure]:
    """Compilation, rules, models and whole decisions at each size, 50 interactions of history."""
    decided: dict[int, list[float]] = {}
    for size in SIZES:
        catalogue = compile_catalogue(catalogue_files(size))
        yield from _parts(size, catalogue)
        decided[size] = _decide(live(catalogue))
        yield figure(f"decide(), {size:,} actions", decided[size], "µs", DECIDE.get(size))
    growth = [large / small for large, small in zip(decided[10_000], decided[100], strict=True)]
    yield figure("decide(), 10,000 actions ÷ 100", growth, "times", 6.0)
    yield figure("catalogue of 10,000: check + compile", _compiling(10_000), "s", 3.0)


def _parts(size: int, catalogue: Catalogue) -> Iterator[Figure]:
    state, predictor = customer_state(50), live(catalogue).predictor
    facts = Facts(state.attributes, REQUEST.context, state.events, "web", NOW)
    rules = micros(lambda: catalogue.engagement.knockouts(catalogue.ruleset.evaluate(facts)))
    yield figure(f"rules, {size:,} actions", rules, "µs", RULES.get(size))
    predicting = micros(lambda: predictor.predict(facts))
    yield figure(f"features + propensities, {size:,} actions", predicting, "µs")


def _decide(engaged: Live) -> list[float]:
    state = customer_state(50)
    return micros(lambda: decide(REQUEST, state, engaged, NOW, "0" * 32))


def _compiling(size: int) -> list[float]:
    files = catalogue_files(size)
    return [_seconds(lambda: compile_catalogue(files)) for _ in range(3)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def micros(work: Callable[[], object], repeats: int = 9, span: float = 0.15) -> list[float]:
    """Microseconds a call: `repeats` means over about `span` seconds each."""
    work()
    calls = max(1, int(span / max(_seconds(work), 1e-6)))
    return [1e6 * _seconds(lambda: [work() for _ in range(calls)]) / calls for _ in range(repeats)]
