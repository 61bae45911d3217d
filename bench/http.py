"""The decision endpoint beside the floor, over real HTTP, alternating in one run.

Asked for customers whom the worker has just decided for, and for others. Each size has a server, a
store and a population of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median

from bench.figures import Figure, against, figure
from bench.load import Run, at_rate, good, saturate
from bench.server import Bench, serving

ROUNDS = 9
SECONDS = 2.0
OPEN_ROUNDS, OPEN_SECONDS = 9, 4.0
SIZES = {10: None, 100: 0.90, 1_000: 0.75, 10_000: 0.50}


def measure() -> Iterator[Figure]:
    """Throughput against the floor at each size, and percentiles at half of saturation."""
    for size, least in SIZES.items():
        with serving(size) as bench:
            runs = {}
            for who, requests in (
                ("customers of just now", bench.returning),
                ("other customers", bench.others),
            ):
                _round(bench, requests)  # what is made, or remembered, at first is
                runs[who] = [_round(bench, requests) for _ in range(ROUNDS)]
                yield against(
                    f"POST /v1/decisions, {size:,} actions, {who}",
                    [(run.rate, floor.rate) for run, floor in runs[who]],
                    "a second",
                    least=least,
                )
            yield figure(
                f"generator's share of its core, {size:,} actions",
                [run.cpu / run.wall for run, _ in runs["customers of just now"]],
                "",
            )
            if size == 100:
                others = median(run.rate for run, _ in runs["other customers"])
                yield from _open_loop(bench, others / 2)


def _round(bench: Bench, requests: Iterable[bytes]) -> tuple[Run, Run]:
    """The decisions, then the floor. Never both kinds of customers in turn: the others would push
    those of just now out of what the worker remembers."""
    run, floor = (good(saturate(bench.port, sent, SECONDS)) for sent in (requests, bench.floors))
    return run, floor


def _open_loop(bench: Bench, rate: float) -> Iterator[Figure]:
    """Percentiles beside the floor's median, and the floor's own p99 beside that: what stops the
    whole machine for a while shows in both."""
    pairs = [
        (
            good(at_rate(bench.port, bench.others, OPEN_SECONDS, rate)),
            good(at_rate(bench.port, bench.floors, OPEN_SECONDS, rate)),
        )
        for _ in range(OPEN_ROUNDS)
    ]
    medians = [_quantile(floor, 0.5) for _, floor in pairs]
    for share in (0.5, 0.9, 0.99, 0.999):
        yield against(
            f"open loop at {rate:.0f} a second, p{100 * share:g} ÷ floor's median",
            list(zip([_quantile(run, share) for run, _ in pairs], medians, strict=True)),
            "ms",
            most=5.0 if share == 0.99 else None,
        )
    yield against(
        "the same, the floor's own p99",
        list(zip([_quantile(floor, 0.99) for _, floor in pairs], medians, strict=True)),
        "ms",
    )


def _quantile(run: Run, share: float) -> float:
    """Milliseconds within which that share of the requests was answered."""
    return 1000 * sorted(run.latencies)[int(share * (len(run.latencies) - 1))]
