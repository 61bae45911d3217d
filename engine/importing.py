"""`teller import`: a file taken in some rows at a time, so that it can be gone on with.

How far a file has come is kept in the data directory, under a digest of what is in it: the
same file again goes on from there, and one that is in already is not taken in twice. Rows
kept out are written beside the file, never into the data directory: they may be personal.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from itertools import islice, takewhile
from math import inf
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from engine.errors import Misconfigured
from engine.files import own_directory
from engine.services.intake.imports import Imports
from engine.services.intake.lines import BadLine
from engine.wire.imports import Kind
from engine.wire.tables import is_text, read_table

CHUNK = 500
SHOWN = 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Progressed(Struct, frozen=True):
    """How far a file has come: the last row taken in, and what became of the rows until there."""

    line: int = 0
    accepted: int = 0
    known: int = 0
    bad: int = 0


def import_file(
    imports: Imports, kind: Kind, path: Path, data: Path, console: Console, again: bool = False
) -> Progressed:
    """Take in `path` from where it stands; `again`: from its beginning.

    Raises Misconfigured for a file we do not read; StoreUnavailable, StateUnknown or
    Contention where it stopped: call again to go on.
    """
    place = _Place(kind, path, data)
    done = place.start(again)
    if done.line:
        _say(console, f"{path} is in up to line {done.line:,}; --again reads it from its beginning")
    lines = (line for line in read_table(path) if line.number > done.line)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("{task.fields[rate]}"), console=console) as progress:
        task = progress.add_task(f"{kind}", total=None, rate="")
        while chunk := list(islice(lines, CHUNK)):
            taken = imports.take(kind, chunk, is_text(path))
            place.keep_aside(taken.bad)
            _show(console, path, taken.bad[: max(0, SHOWN - done.bad)])
            done = Progressed(
                chunk[-1].number,
                done.accepted + taken.accepted,
                done.known + taken.known,
                done.bad + len(taken.bad),
            )
            place.reached(done)
            _advance(progress, task, len(chunk), done)
    if place.aside.exists():
        _say(console, f"what was kept aside, and why: {place.aside}")
    return done


def _advance(progress: Progress, task: TaskID, rows: int, done: Progressed) -> None:
    speed = progress.tasks[task].finished_speed or progress.tasks[task].speed
    rate = f"{speed:,.0f}/s, " if speed else ""
    progress.update(task, advance=rows, rate=f"{rate}{done.bad:,} kept aside")


def _show(console: Console, path: Path, bad: list[BadLine]) -> None:
    for one in bad:
        _say(console, f"{path}:{one.line.number}: {one.what}")


def _say(console: Console, text: str) -> None:
    """What a file says must not steer the terminal of who reads it."""
    safe = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    console.print(safe, markup=False, highlight=False, soft_wrap=True)


class _Aside(Struct):
    line: int


class _Place:
    """Where an import stands, on disk."""

    def __init__(self, kind: Kind, path: Path, data: Path) -> None:
        with path.open("rb") as file:
            digest = file_digest(file, "blake2b").hexdigest()[:32]
        self._reached = data / "imports" / f"{kind}-{digest}.json"
        self.aside = path.with_name(f"{path.name}.{kind}.aside.jsonl")

    def start(self, again: bool) -> Progressed:
        """Where it stands; rows kept aside after that are about to be met again."""
        own_directory(self._reached.parent)
        if again:
            self._reached.unlink(missing_ok=True)
        done = Progressed()
        if self._reached.exists():
            done = self._read()
        self._trim_aside(done.line)
        return done

    def _read(self) -> Progressed:
        try:
            return msgspec.json.decode(self._reached.read_bytes(), type=Progressed)
        except msgspec.DecodeError:
            raise Misconfigured(
                f"{self._reached}, which says how far this file has come, is damaged: import it "
                "from its first row with --again, which counts nothing twice"
            ) from None

    def keep_aside(self, bad: list[BadLine]) -> None:
        """Write the rows kept out, with the reason, for whoever mends them."""
        if not bad:
            return
        rows = [{"line": line.number, "what": what, "row": line.cells} for line, what in bad]
        with self._open_aside() as file:
            file.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))

    def _trim_aside(self, line: int) -> None:
        """Cut off what was kept of rows that are about to be met again. They are the last, so what
        stays is not written anew: a power cut would lose it."""
        if not self.aside.exists():
            return
        rows = self.aside.read_bytes().splitlines(keepends=True)
        kept = list(takewhile(lambda row: _line_of(row) <= line, rows))
        if kept != rows:
            with self._open_aside() as file:
                file.truncate(sum(map(len, kept)))

    @contextmanager
    def _open_aside(self) -> Iterator[BinaryIO]:
        """Never through a link: who may put one beside the file would choose what is overwritten,
        and who reads the rows, which may be personal."""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_APPEND
            with os.fdopen(os.open(self.aside, flags, 0o600), "ab") as file:
                yield file
        except OSError as error:
            raise Misconfigured(
                f"{self.aside}, where rows go that are kept out, cannot be written "
                f"({error.strerror}): import a copy of the file from where this user may write"
            ) from error

    def reached(self, done: Progressed) -> None:
        """Everything until there is in: go on from there."""
        draft = self._reached.with_suffix(f".{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(done))
        draft.replace(self._reached)


def _line_of(row: bytes) -> float:
    """Where a row kept aside stands in the file; behind all where it was cut short as the import
    was, for then it is about to be met again."""
    try:
        return msgspec.json.decode(row, type=_Aside).line
    except msgspec.DecodeError:
        return inf
