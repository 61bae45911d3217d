"""A catalogue's directory: read, and compiled with the author's own rules.

It knows files and Python modules, and nothing of what serves.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from engine.catalogue import Catalogue, compile_catalogue, compile_version, is_catalogue_file
from engine.errors import CatalogueRefused, Fault, Misconfigured
from engine.rules.custom import Rule, rules_of

_EMPTY = Fault("catalogue.yaml", 1, "there is no such file, nor any other .yaml, .yml or .csv")


class Compiler:
    """Compiles catalogues with the author's `@rule` functions, from the module named `rules`."""

    def __init__(self, rules: str | None) -> None:
        """Raises Misconfigured when there is no such module, or it does not load."""
        self._predicates, self._source = _loaded(rules) if rules else ({}, b"")

    def files(self, files: Mapping[str, bytes]) -> Catalogue:
        """A catalogue from its files, as of now. Raises CatalogueRefused, also where there is none:
        a directory mistaken for another, or emptied, would offer nobody anything."""
        if not any(map(is_catalogue_file, files)):
            raise CatalogueRefused([_EMPTY])
        now = time.time_ns() // 1_000_000
        return compile_catalogue(files, self._predicates, self._source, now)

    def version(self, data: bytes, digest: str) -> Catalogue:
        """A kept version again. Raises CatalogueRefused, also when the rules have changed."""
        return compile_version(data, digest, self._predicates, self._source)


def check_directory(directory: Path, rules: str | None = None) -> Catalogue:
    """The catalogue in `directory`, compiled. Raises CatalogueRefused, Misconfigured."""
    return Compiler(rules).files(read_directory(directory))


def read_directory(directory: Path) -> dict[str, bytes]:
    """The catalogue's files by name, hidden ones left alone. Raises OSError, and CatalogueRefused
    where one cannot be taken in: the others may well be a catalogue, one without caps."""
    files = {
        path.relative_to(directory).as_posix(): path
        for path in sorted(directory.rglob("*"))
        if is_catalogue_file(path.name)
        and (path.is_file() or not path.exists())
        and not any(part.startswith(".") for part in path.relative_to(directory).parts)
    }
    if faults := [fault for name, path in files.items() if (fault := _fault(name, path))]:
        raise CatalogueRefused(faults)
    return {name: path.read_bytes() for name, path in files.items()}


def _fault(name: str, path: Path) -> Fault | None:
    """Why the file cannot be taken in at all, whatever it holds."""
    try:
        name.encode()
    except UnicodeEncodeError:  # to the system any bytes are a name; versions are kept as text
        return Fault(name, 1, "the file's name is not UTF-8 text", "rename it")
    if not path.exists():
        return Fault(name, 1, "the file is a link that leads nowhere", "mend or remove the link")
    return None


def _loaded(name: str) -> tuple[Mapping[str, Rule], bytes]:
    """The rules of the module so named, and its source."""
    try:
        module = import_module(name)
        return rules_of(vars(module)), inspect.getsource(module).encode()
    except Exception as error:  # an author's module may fail in any way
        what = f"the module of rules {name!r} does not load: {error}"
        if isinstance(error, ModuleNotFoundError) and error.name == name.partition(".")[0]:
            what += ", where Python looks: name its directory by PYTHONPATH"
        raise Misconfigured(what) from error
