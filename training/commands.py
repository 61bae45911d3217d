"""What commands that join `teller` share. All of them load this, so it imports next to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.errors import Misconfigured


class _Written(click.Path):
    """A file to write, told before hours of work and not after them where it cannot be."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"there is no directory {path.parent} to write it in", param, ctx)
        return path


DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(path_type=Path, dir_okay=False)
WRITTEN = _Written(dir_okay=False, writable=True)
FOLDER = click.Path(path_type=Path, file_okay=False)


def lacking(error: ModuleNotFoundError) -> Misconfigured:
    """What to say when a library of the extra is not installed."""
    return Misconfigured(f"this needs {error.name}: pip install 'teller[training]'")
