"""Facts about preparing: measured as documented, made once, and no data package is an error."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from demo import package
from demo.attributes import Ledger
from demo.learning import learn
from demo.prepare import prepare
from demo.sends import sends
from demo.source import Grocer
from engine.errors import Misconfigured

long = pytest.mark.skipif("TELLER_EXAMPLES" not in os.environ, reason="minutes: `make proofs`")


class Watching:
    """Remembers which steps were taken."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def __call__(self, what: str) -> AbstractContextManager[None]:
        self.steps.append(what)
        return nullcontext()


@long
def test_the_propensity_knows_more_than_popularity_on_campaigns_it_never_saw(
    grocer: Grocer, books: Ledger
) -> None:
    report = learn(books, sends(grocer)).report
    assert report.test_positive == 761
    assert report.model.auc.value == pytest.approx(0.848, abs=0.01)
    assert report.gain["auc"].low > 0.1
    assert report.gain["log_loss"].low > 0


@long
def test_what_was_prepared_is_found_again_and_the_same(tmp_path: Path) -> None:
    first, second = Watching(), Watching()
    made = prepare(tmp_path, first)
    assert prepare(tmp_path, second) == made
    assert (len(first.steps), len(second.steps)) == (5, 0)
    (kept,) = (tmp_path / "demo").iterdir()
    kept.write_bytes(b"damaged")
    assert prepare(tmp_path, Watching()) == made


def test_without_the_data_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(package, "distribution", absent)
    with pytest.raises(Misconfigured, match="pip install"):
        package.data_directory()


def test_a_package_without_its_tables_is_named_with_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(package, "TABLES", ("products", "unheard_of"))
    with pytest.raises(Misconfigured, match="lacks unheard_of"):
        package.data_directory()
