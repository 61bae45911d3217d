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
from training.bakeoff.race import Maker, Played, Result, best, geometric_mean, play, ratio
from training.bakeoff.sets import Table, find

try:
    from training.bakeoff import rivals
except ImportError as error:  # the extra is not there
    raise SystemExit(f"{error}: install the rivals with pip install 'teller[bakeoff]'") from error

Name = TypeVar("Name")
SHARED = Path("../shared/data/bakeoff")


class Report(Struct, frozen=True):
    """Everything measured; the ratios are our loss over the best VW's."""

    shuffles: int
    sets: tuple[Played, ...]
    below_best_vw: int
    geometric_mean: float | None
    worst: float | None


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
    """Play every set and print the table."""
    place = directory or (SHARED if SHARED.is_dir() else None)
    try:
        tables = [table for table in find(place) if not only or table.name in only]
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    earlier = _earlier(known, shuffles)
    played = []
    with Progress() as progress:
        race = Race(patience, jobs, progress)
        for table in progress.track(tables, description="Sets"):
            played.append(_everyone(table, range(shuffles), race, earlier))
            _write(_report(shuffles, played), out)
    _show(_report(shuffles, played))


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
    """Each explorer of VW at its defaults, and with what did best on the first shuffle."""
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
        timed = [(result.loss, key) for key, result in found.items() if key[0] == explorer]
        if not timed:
            continue
        _, tuned = min(timed)
        yield f"vw {explorer}", grid[explorer, rivals.DEFAULT_RATE, False]
        _, rate, standard = tuned
        name = f"vw {explorer} -l {rate}{' standardised' if standard else ''}"
        yield name, grid[tuned]
    for policy in ("linucb", "lints"):
        yield f"mabwiser {policy}", partial(rivals.Mabwiser, policy=policy)


def _earlier(path: Path | None, shuffles: int) -> dict[str, dict[str, Result]]:
    if path is None:
        return {}
    report = msgspec.json.decode(path.read_bytes(), type=Report)
    if report.shuffles != shuffles:
        raise click.ClickException(f"{path} has {report.shuffles} shuffles, not {shuffles}")
    own = ("ours", "full information")
    return {
        one.digest: {name: r for name, r in one.results.items() if name not in own}
        for one in report.sets
    }


def _report(shuffles: int, played: Sequence[Played]) -> Report:
    ratios = [found for one in played if (found := ratio(one)) is not None]
    return Report(
        shuffles,
        tuple(played),
        sum(found < 1.0 for found in ratios),
        geometric_mean(ratios) if ratios else None,
        max(ratios, default=None),
    )


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
    if report.geometric_mean is not None:
        console.print(
            f"below the best VW on {report.below_best_vw} of {len(report.sets)} sets, "
            f"geometric mean of the ratios {report.geometric_mean:.3f}, worst {report.worst:.2f}"
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
