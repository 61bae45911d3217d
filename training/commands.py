"""What commands that join `teller` share. All of them load this, so it imports next to nothing."""

from __future__ import annotations

from pathlib import Path

import click

from engine.errors import Misconfigured

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


def lacking(error: ModuleNotFoundError) -> Misconfigured:
    """What to say when a library of the extra is not installed."""
    return Misconfigured(f"this needs {error.name}: pip install 'teller[training]'")
