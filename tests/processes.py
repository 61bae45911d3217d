"""Several real processes at once, for races: when one of them dies or fails, all of it fails at
once. A `multiprocessing.Pool` would start what died again, for ever, and its test would hang."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import BaseContext
from multiprocessing.synchronize import Barrier, Event
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")

SPAWN = multiprocessing.get_context("spawn")
FORKED = multiprocessing.get_context("forkserver")
"""Processes forked from one that imported the engine: once, however many race."""
FORKED.set_forkserver_preload(["engine.bootstrap"])


class Stage(NamedTuple):
    """What the processes of a race share: where they wait for each other, and a word to all."""

    line: Barrier
    word: Event


def stage(parties: int, context: BaseContext = SPAWN) -> Stage:
    """A stage where so many wait for each other."""
    return Stage(context.Barrier(parties), context.Event())


def all_at_once(
    act: Callable[..., Result],
    jobs: Sequence[tuple[object, ...]],
    shared: Stage | None = None,
    context: BaseContext = SPAWN,
) -> list[Result]:
    """What `act` returns of each job, a process each. Raises what one of them does, and
    BrokenProcessPool when one dies."""
    with on_stage(act, jobs, shared, context) as running:
        return [one.result() for one in running]


@contextmanager
def on_stage(
    act: Callable[..., Result],
    jobs: Sequence[tuple[object, ...]],
    shared: Stage | None = None,
    context: BaseContext = SPAWN,
) -> Iterator[list[Future[Result]]]:
    """Every job in a process of its own, which may ask where it `stands`. Nobody goes on waiting
    for one that dies or fails: the line is broken (BrokenBarrierError)."""
    with ProcessPoolExecutor(len(jobs), context, _enter, (shared,)) as pool:
        running = [pool.submit(act, *job) for job in jobs]
        if shared is not None:
            for one in running:
                one.add_done_callback(partial(_call_off, shared.line))
        yield running


def stands() -> Stage:
    """The stage of this process."""
    assert _Here.stage is not None
    return _Here.stage


class _Here:
    stage: Stage | None = None


def _enter(shared: Stage | None) -> None:
    _Here.stage = shared


def _call_off(line: Barrier, ended: Future[Result]) -> None:
    if ended.exception() is not None:
        line.abort()
