"""`python -m training.bakeoff [--sets DIR]`: the table, the same as JSON, and a picture of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import click
import msgspec
from joblib import Parallel, delayed
from msgspec import Struct
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Page

from training.bakeoff.ours import Ours, Told
from training.bakeoff.picture import losses
from training.bakeoff.race import (
    STANDARDISED,
    Maker,
    Played,
    Result,
    Standing,
    best,
    play,
    ratio,
    rivals_of,
    standing,
)
from training.bakeoff.sets import Found, Table, Unplayed, find
from training.hints import nearest

try:
    from training.bakeoff import rivals
except ImportError as error:  # the extra is not there
    raise SystemExit(f"{error}: install the rivals with pip install 'teller[bakeoff]'") from error

Name = TypeVar("Name")
SHARED = Path("../shared/data/bakeoff")


class Report(Struct, frozen=True):
    """Everything measured: `standing` is beside the best VW there is, `unaided` beside the best of
    those that were not told the columns' scale beforehand. `unplayed`: files that are no sets."""

    shuffles: int
    sets: tuple[Played, ...]
    unplayed: tuple[Unplayed, ...]
    standing: Standing
    unaided: Standing


@click.command()
@click.option("--sets", "directory", type=click.Path(path_type=Path, file_okay=False),
              help=f"*.csv.gz, last column `label`; {SHARED} when it is there")  # fmt: skip
@click.option("--only", multiple=True, help="Only the set of this name; repeat for more")
@click.option("--shuffles", default=5, show_default=True, type=click.IntRange(1))
@click.option("--patience", default=120.0, show_default=True,
              help="Processor seconds a pass may take; longer, and there is no result")  # fmt: skip
@click.option("--jobs", default=-1, show_default=True,
              help="Passes at a time, each a little slower; -1: as many as processors")  # fmt: skip
@click.option("--rivals", "known", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Take the others' results on the same sets from this earlier JSON")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bakeoff.json"),
              help="The JSON; the picture is beside it, as .svg")  # fmt: skip
def main(
    *,
    directory: Path | None,
    only: Sequence[str],
    shuffles: int,
    patience: float,
    jobs: int,
    known: Path | None,
    out: Path,
) -> None:
    """Play every set and print the table. Ends with status 1 where a file is no set, once the
    others have been played."""
    place = directory or (SHARED if SHARED.is_dir() else None)
    try:
        found = _asked(find(place), only)
        earlier = _earlier(known, shuffles)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    played = []
    with Progress() as progress:
        race = Race(patience, jobs, progress)
        for table in progress.track(found.tables, description="Sets"):
            played.append(_everyone(table, range(shuffles), race, earlier))
            _write(_report(shuffles, played, found.unplayed), out)
    _show(_report(shuffles, played, found.unplayed))
    if found.unplayed:
        reasons = [f"\n  {one.name}: {one.reason}" for one in found.unplayed]
        raise click.ClickException("not played, and in none of these figures:" + "".join(reasons))


def _asked(found: Found, only: Sequence[str]) -> Found:
    """What has these names, or all. Raises ValueError for a name that none has, and where nothing
    is left to play."""
    names = [one.name for one in found.tables] + [one.name for one in found.unplayed]
    for name in only:
        if name not in names:
            raise ValueError(f"there is no set {name!r}: {nearest(name, names)}")
    asked = Found(
        tuple(one for one in found.tables if not only or one.name in only),
        tuple(one for one in found.unplayed if not only or one.name in only),
    )
    if not asked.tables:
        raise ValueError("; ".join(one.reason for one in asked.unplayed))
    return asked


class Race(NamedTuple):
    """How passes are run: `jobs` at a time, each for `patience` seconds of processor."""

    patience: float
    jobs: int
    progress: Progress

    def run(
        self, table: Table, makers: Mapping[Name, Maker], shuffles: Sequence[int]
    ) -> dict[Name, Result]:
        """What came of each; who took too long is not there."""
        passes = Parallel(n_jobs=self.jobs, return_as="generator")(
            delayed(play)(table, make, shuffles, self.patience) for make in makers.values()
        )
        told = self.progress.track(passes, total=len(makers), description=table.name)
        return {name: one for name, one in zip(makers, told, strict=True) if one is not None}


def _everyone(
    table: Table, shuffles: Sequence[int], race: Race, earlier: dict[str, dict[str, Result]]
) -> Played:
    results = dict(earlier.get(table.digest, {}))
    makers: dict[str, Maker] = {"ours": Ours, "full information": Told}
    if not results:
        makers |= dict(_rivals(table, race))
    results |= race.run(table, makers, shuffles)
    return Played(table.name, table.digest, len(table.labels), table.actions, results)


def _rivals(table: Table, race: Race) -> Iterator[tuple[str, Maker]]:
    """Each explorer of VW at its defaults, and at the rate that did best on the first shuffle, on
    columns as they are and standardised."""
    grid = {
        (explorer, rate, standard): partial(
            rivals.Vw, explorer=explorer, rate=rate, standard=standard
        )
        for explorer in rivals.EXPLORERS
        for rate in rivals.RATES
        for standard in (False, True)
    }
    found = race.run(table, grid, [0])
    for explorer in rivals.EXPLORERS:
        usual = explorer, rivals.DEFAULT_RATE, False
        tuned = [
            min(keys, key=lambda key: found[key].loss)
            for standard in (False, True)
            if (keys := [key for key in found if key[::2] == (explorer, standard)])
        ]
        for key in dict.fromkeys([usual, *tuned]):
            if key in found:
                yield _named(*key), grid[key]
    for policy in ("linucb", "lints"):
        yield f"mabwiser {policy}", partial(rivals.Mabwiser, policy=policy)


def _named(explorer: str, rate: float, standard: bool) -> str:
    if not standard and rate == rivals.DEFAULT_RATE:
        return f"vw {explorer}"
    return f"vw {explorer} -l {rate}{STANDARDISED if standard else ''}"


def _earlier(path: Path | None, shuffles: int) -> dict[str, dict[str, Result]]:
    return {} if path is None else rivals_of(path.read_bytes(), shuffles)


def _report(shuffles: int, played: Sequence[Played], unplayed: tuple[Unplayed, ...]) -> Report:
    sets = tuple(played)
    return Report(shuffles, sets, unplayed, standing(sets), standing(sets, unaided=True))


def _write(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    path.with_suffix(".svg").write_text(losses(report.sets), encoding="utf-8")


def _show(report: Report) -> None:
    page = Page("set", "rows", "actions", "ours", "best VW", "", "ratio", "best of MABWiser",
                "full information", "µs ours", "µs VW")  # fmt: skip
    for one in report.sets:
        page.add_row(*_row(one))
    console = Console(width=160)
    console.print(page)
    for whom, found in (("", report.standing), (" on columns as they are", report.unaided)):
        if found.geometric_mean is not None:
            console.print(
                f"beside the best VW{whom}: below it on {found.below_best_vw} of "
                f"{len(report.sets)} sets, geometric mean of the ratios "
                f"{found.geometric_mean:.3f}, worst {found.worst:.2f}"
            )


def _row(one: Played) -> Iterator[str]:
    results = one.results
    vw, mab = best(results, "vw "), best(results, "mabwiser ")
    found = ratio(one)
    yield from (one.name, f"{one.rows:,}", str(one.actions), _loss(results.get("ours")))
    yield from (_loss(results.get(vw or "")), vw or "", "" if found is None else f"{found:.2f}")
    yield from (_loss(results.get(mab or "")), _loss(results.get("full information")))
    yield from (_cost(results.get("ours")), _cost(results.get(vw or "")))


def _loss(result: Result | None) -> str:
    return "not there" if result is None else f"{result.loss:.4f}"


def _cost(result: Result | None) -> str:
    return "" if result is None else f"{result.cost:.0f}"


if __name__ == "__main__":
    main()
