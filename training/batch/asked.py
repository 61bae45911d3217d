"""What `teller train` was asked for: read, learnt, measured, kept, told."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console

from engine.catalogue import Catalogue
from engine.directory import check_directory
from engine.errors import Misconfigured
from engine.models.features import Feature
from engine.registry import Registry
from training.batch.cluster import workers
from training.batch.declared import NOT_TAKEN, automatic, left_out, read_features
from training.batch.mapping import to_past
from training.batch.page import page
from training.batch.past import Past, from_archive
from training.batch.train import Choices, Trained, train
from training.offpolicy.mapping import read_columns, read_frame, text_columns


class Source(NamedTuple):
    """Where the past is: a file with its mapping, or else the archive in `data`, of which only
    decisions of the dates `since` to `until`."""

    file: Path | None
    mapping: Path | None
    directory: Path | None
    rules: str | None
    data: Path
    since: date | None
    until: date | None

    def catalogue(self) -> Catalogue | None:
        """What the directory declares, if one is given. Raises CatalogueRefused."""
        if self.directory is None:
            return None
        if not self.directory.is_dir():
            raise Misconfigured(f"--catalogue: there is no directory {self.directory}")
        return check_directory(self.directory, self.rules)

    def read(self, catalogue: Catalogue | None, now: int) -> Past:
        """All of it. Raises Misconfigured, NotFound."""
        if self.file is None:
            if self.mapping is not None:
                raise Misconfigured("--mapping says what the columns of a FILE are; name the file")
            if catalogue is None:
                raise Misconfigured(
                    "the archive is read with the catalogue it was made with: name its directory "
                    "with --catalogue; or name a FILE of your own, with --mapping"
                )
            return from_archive(self.data, catalogue, now=now, since=self.since, until=self.until)
        if self.mapping is None:
            raise Misconfigured(f"say with --mapping which column of {self.file} is what")
        if self.since or self.until:
            raise Misconfigured("--since and --until are for the archive; cut the file instead")
        columns = read_columns(self.mapping)
        frame = read_frame(self.file, text_columns(columns, catalogue))
        return to_past(frame, columns, catalogue)


class Asked(NamedTuple):
    """One training: where from, what to look at, how, and under which name it is kept."""

    source: Source
    features: Path | None
    choices: Choices
    name: str
    jobs: int
    dask: str | None

    def answer(self, console: Console) -> tuple[Trained, str]:
        """The model with its study, and the digest it is kept under; progress to the console."""
        steps = Steps(console)
        steps("reading")
        catalogue = self.source.catalogue()
        past = self.source.read(catalogue, time.time_ns() // 1_000_000)
        features = self._features(past, catalogue, steps)
        with workers(self.dask, self.jobs) as jobs:
            trained = train(past, features, self.choices, jobs=jobs, told=steps)
        steps("keeping")
        digest = Registry(self.source.data).publish(
            self.name, trained.kind, trained.artefact, trained.study.metadata()
        )
        steps.done()
        return trained, digest

    def _features(
        self, past: Past, catalogue: Catalogue | None, steps: Steps
    ) -> tuple[Feature, ...]:
        if self.features is not None:
            return read_features(self.features, catalogue)
        found = automatic(past.table, catalogue)
        # Of a file alone, a column of numbers is free text for one stray word, and would go unseen.
        if catalogue is None and (left := left_out(past.table, found)):
            steps.note(f"not looked at: {', '.join(left)} ({NOT_TAKEN})")
        return found


class Steps:
    """Says on a console what is being done, and how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")
        self._step, self._since = "", time.monotonic()

    def __call__(self, step: str) -> None:
        """The step before is done, this one begins."""
        self._told()
        self._step, self._since = step, time.monotonic()
        self._status.update(step)
        self._status.start()

    def note(self, said: str) -> None:
        """Something to know, beside the steps."""
        self._console.print(said, markup=False, highlight=False, soft_wrap=True)

    def done(self) -> None:
        """So is the last."""
        self._told()
        self._status.stop()

    def _told(self) -> None:
        if self._step:
            self._console.print(f"{self._step} ({time.monotonic() - self._since:.1f} s)")


def tell(asked: Asked, json_file: Path | None, html_file: Path | None) -> None:
    """The study to the terminal and the files, and what to do next."""
    trained, digest = asked.answer(Console(stderr=True))
    study = trained.study
    click.echo(study.text())
    if json_file:
        json_file.write_bytes(study.json())
    if html_file:
        html_file.write_text(page(study, f"{asked.name}, trained: {trained.kind}"), "utf-8")
    click.echo(f"kept as {asked.name} {digest}; it serves nobody yet. Next:")
    source = asked.source
    catalogue = f" --catalogue {source.directory}" if source.directory else ""
    judge = f" --judge LATER.csv --mapping {source.mapping}" if source.file else ""
    click.echo(f"  teller promote {asked.name} {digest} --data {source.data}{catalogue}{judge}")
