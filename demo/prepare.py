"""Data to customers and a model, once: the second start finds them in the data directory."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

import msgspec

import demo
import training
from demo.package import data_directory, digest
from demo.prepared import Prepared, Step
from engine import models


def prepare(data: Path, step: Step) -> Prepared:
    """What the demo needs, from `data` when the same code made it there of the same tables.

    `step` is entered around each long step with what it does, for people to watch.
    Raises Misconfigured when the grocer's tables are not installed.
    """
    folder = data_directory()
    path = data / "demo" / f"{_digest(folder)[:32]}.msgpack"
    kept = _kept(path)
    if kept is None:
        with step("loading what reads tables and what learns"):
            from demo.making import make  # noqa: PLC0415 - pandas, scikit-learn: seconds to import
        kept = make(folder, step)
        _keep(path, msgspec.msgpack.encode(kept))
    return kept


def _kept(path: Path) -> Prepared | None:
    """What an earlier start left; what cannot be read is made again."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Prepared)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


def _digest(folder: Path) -> str:
    """Of the tables, and of all code that has a say in what is made of them."""
    total = hashlib.sha256(f"{digest(folder)} {version('scikit-learn')}".encode())
    for package in (demo, training, models):
        for path in sorted(Path(str(package.__file__)).parent.glob("*.py")):
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
