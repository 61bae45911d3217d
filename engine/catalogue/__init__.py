"""The business's side, from files to something that can decide: read, checked, compiled.

All faults are found at once, each with its file, line and the nearest right name; a
catalogue with a fault is never served. This room must not read directories, ask the store
or the clock, or run an author's text as Python: files come in as bytes, and what leaves is
immutable. `compile_catalogue` is the way in; `docs/catalogue.md` is the language for authors.
"""

from engine.catalogue.compile import compile_catalogue
from engine.catalogue.compiled import Catalogue
from engine.catalogue.kept import compile_version
from engine.catalogue.placements import Placement
from engine.catalogue.reading import is_catalogue_file
from engine.catalogue.strategy import Strategy
from engine.catalogue.templates import RenderFailed
from engine.catalogue.treatments import Treatment
from engine.catalogue.trials import Trial

__all__ = [
    "Catalogue",
    "Placement",
    "RenderFailed",
    "Strategy",
    "Treatment",
    "Trial",
    "compile_catalogue",
    "compile_version",
    "is_catalogue_file",
]
