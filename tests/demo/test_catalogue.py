"""Facts about the catalogue the demo serves."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from demo.attributes import AS_OF, Ledger, attributes
from demo.households import households
from demo.learning import FEATURES
from demo.main import CATALOGUE
from demo.offers import AISLE_OF_OFFER, OFFERS, action
from demo.source import Grocer
from demo.worth import worth
from engine.bootstrap.standalone import run_trials
from engine.catalogue import Catalogue
from engine.cli import main
from engine.directory import check_directory


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return check_directory(CATALOGUE)


def test_the_catalogue_has_no_fault() -> None:
    result = CliRunner().invoke(main, ["check", str(CATALOGUE)])
    assert result.exit_code == 0, result.output
    assert "no fault" in result.output


def test_every_test_beside_the_rules_holds() -> None:
    results = run_trials(CATALOGUE, None)
    assert len(results) >= 8
    assert {trial.name: failures for trial, failures in results if failures} == {}


def test_every_offer_of_the_data_is_an_action_of_the_same_group(catalogue: Catalogue) -> None:
    served = {one.id: one for one in catalogue.actions if one.kind == "offer"}
    assert set(served) == set(OFFERS)
    assert len(OFFERS) >= 30
    for offer in OFFERS:
        assert served[offer] == action(offer)


def test_every_attribute_of_every_household_is_of_the_schema(
    catalogue: Catalogue, books: Ledger
) -> None:
    for household in households(attributes(books, AS_OF)):
        typed = catalogue.validate_attributes(household.attributes, "customer")
        assert typed == household.attributes


def test_the_model_looks_only_at_attributes_of_the_schema(catalogue: Catalogue) -> None:
    sources = {feature.source for feature in FEATURES}
    assert sources <= {f"customer.{name}" for name in catalogue.scope.customer}


def test_what_an_offer_is_worth_is_what_the_transactions_say(
    grocer: Grocer, catalogue: Catalogue
) -> None:
    measured = worth(grocer)
    terms = catalogue.strategy.terms
    for offer in sorted(AISLE_OF_OFFER):
        at, row = catalogue.index[offer], measured.loc[offer]
        assert terms[0, at] == pytest.approx(row["value"], abs=0.006), offer
        assert terms[1, at] == pytest.approx(row["customer_value"], abs=0.006), offer
