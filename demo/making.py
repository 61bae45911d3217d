"""The long part of preparing: from the grocer's tables to customers and a model."""

from __future__ import annotations

from pathlib import Path

from demo.attributes import AS_OF, attributes, ledger
from demo.learning import learn
from demo.prepared import Prepared, Step
from demo.sends import sends
from demo.source import read


def make(folder: Path, step: Step) -> Prepared:
    """Read, sum, learn: some fifteen seconds on two cores."""
    with step("reading a year of a grocer's transactions"):
        grocer = read(folder)
    with step("summing 1.5 million rows into baskets"):
        books = ledger(grocer)
        rows = sends(grocer)
    with step("learning who redeems what, from campaigns sent before October"):
        fitted = learn(books, rows)
    with step("households as they were at the end of 2017"):
        known = attributes(books, AS_OF)
    return Prepared(known, fitted.kind, fitted.artefact, fitted.report.text())
