"""An archive writer of its own, to be killed: `python -m tests.archive.killed URL DATA`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from engine.archive.compaction import Compaction
from engine.archive.shelf import Shelf
from engine.store import open_store
from tests.archive.builders import House


def main(url: str, data: Path) -> None:
    """Rounds, merges and sweeps without a pause until killed."""
    with open_store(url, data) as store:
        keeping = House(store, url, data).keeping()
        keeping.register()
        compaction = Compaction(Shelf(data, ""), data)
        sys.stdout.write("writing\n")
        sys.stdout.flush()
        while True:
            keeping.round()
            keeping.tidy()
            compaction.sweep(timedelta(minutes=1))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
