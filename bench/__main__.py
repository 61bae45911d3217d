"""`python -m bench [SECTION …]`: the table, and the same as JSON in var/bench.json."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
from rich.progress import track

from bench import archive, facts, http, imports, ingest, inprocess, memory, peers, rollback, trees
from bench.figures import Figure, show, write

SECTIONS: Mapping[str, Callable[[], Iterator[Figure]]] = {
    "inprocess": inprocess.measure,
    "peers": peers.measure,
    "memory": memory.measure,
    "archive": archive.measure,
    "facts": facts.measure,
    "trees": trees.measure,
    "imports": imports.measure,
    "rollback": rollback.measure,
    "http": http.measure,
    "ingest": ingest.measure,
}


@click.command()
@click.argument("sections", nargs=-1, type=click.Choice(list(SECTIONS)))
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/bench.json"))
def main(sections: tuple[str, ...], out: Path) -> None:
    """Measure the given sections, or all of them."""
    figures = [
        row
        for name in track(sections or tuple(SECTIONS), description="Measuring")
        for row in SECTIONS[name]()
    ]
    show(figures)
    write(figures, out)


if __name__ == "__main__":
    main()
