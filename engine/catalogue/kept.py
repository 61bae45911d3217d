"""A kept version, compiled again."""

from __future__ import annotations

from engine.catalogue import versions
from engine.catalogue.compile import NO_PREDICATES, Predicates, compile_catalogue
from engine.catalogue.compiled import Catalogue
from engine.errors import CatalogueRefused, Fault


def compile_version(
    data: bytes,
    digest: str,
    predicates: Predicates = NO_PREDICATES,
    predicate_source: bytes = b"",
) -> Catalogue:
    """A kept version, compiled again. Raises CatalogueRefused unless it is exactly `digest`.

    Where it was made with another source than `predicate_source`, it is refused as soon as it
    uses one `@rule`: that function may decide otherwise now, and what is kept is never run.
    """
    kept = versions.decode(data, digest)
    same = kept.predicate_source == predicate_source
    try:
        catalogue = compile_catalogue(
            kept.files, predicates if same else NO_PREDICATES, kept.predicate_source
        )
    except CatalogueRefused as refused:
        if same:
            raise
        what = "the kept version was made with other @rule functions: set TELLER_RULES to those"
        raise CatalogueRefused([Fault("", 0, what), *refused.faults]) from refused
    if catalogue.digest != digest:
        what = f"the kept version holds {catalogue.digest}, not {digest}"
        raise CatalogueRefused([Fault("", 0, what)])
    return catalogue
