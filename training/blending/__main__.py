"""Every way to blend, played, and printed as a table."""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table

from training.blending import __doc__ as about
from training.blending.playing import study

VISITS = 6_000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser("python -m training.blending", description=about)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--visits", type=int, default=VISITS)
    parser.add_argument("--stale", action="store_true", help="the trained model knows nothing")
    asked = parser.parse_args()
    table = Table("", "first thousand", "before the drift", "after it", "all", "all, by world")
    for name, regrets in study(asked.seeds, asked.visits, asked.stale):
        means = [f"{np.mean(part):.1f}" for part in zip(*regrets, strict=True)]
        whole = [one.whole for one in regrets]
        by_world = " ".join(f"{one:.0f}" for one in whole)
        table.add_row(name, *means, f"{np.mean(whole):.1f}", by_world)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
