"""What events of other systems mean: the usual names, and what an author says of them."""

from __future__ import annotations

import pytest

from engine.catalogue import Catalogue, compile_catalogue
from engine.errors import CatalogueRefused

SCHEMA = """
schema:
  attributes: {plan: {type: string}}
  purposes: [personalisation, marketing, surveys]
"""


def compiled(events: str = "") -> Catalogue:
    return compile_catalogue({"a.yaml": (SCHEMA + events).encode()})


def test_the_usual_names_have_a_meaning_without_a_word() -> None:
    events = compiled().events
    assert events["Order Completed"].type == "order"
    assert events["Order Completed"].outcome == "convert"
    assert events["Email Opened"].channel == "email"


@pytest.mark.parametrize("name", ["Unsubscribed", "Email Marked as Spam"])
def test_the_usual_opt_outs_end_every_purpose_but_personalisation(name: str) -> None:
    assert compiled().events[name].opt_out == {"marketing", "surveys"}


def test_what_an_author_leaves_out_of_a_usual_name_stays() -> None:
    events = compiled("events: {Unsubscribed: {type: farewell}}").events
    assert events["Unsubscribed"].type == "farewell"
    assert events["Unsubscribed"].opt_out == {"marketing", "surveys"}


def test_an_author_may_say_which_purpose_an_opt_out_ends() -> None:
    events = compiled("events: {Unsubscribed: {opt_out: surveys}}").events
    assert events["Unsubscribed"].opt_out == {"surveys"}


def test_a_name_of_the_authors_own_is_its_type() -> None:
    meaning = compiled("events: {Plan Changed: {attributes: {plan: new.plan}}}").events[
        "Plan Changed"
    ]
    assert meaning.type == "Plan Changed"
    assert meaning.attributes == {"plan": ("new", "plan")}


def test_every_mistake_is_told_at_once_with_the_nearest_right_name() -> None:
    with pytest.raises(CatalogueRefused) as refused:
        compiled(
            """events:
  Order Completed: {typ: x}
  Plan Changed: {attributes: {plna: plan}, opt_out: marketng, outcome: clik, status: open}
  click: {}
"""
        )
    assert [str(fault) for fault in refused.value.faults] == [
        "a.yaml:6: unknown key `typ` (did you mean type?)",
        "a.yaml:7: `status` opens or closes a `topic` (name one)",
        "a.yaml:7: unknown attribute `plna` (did you mean plan?)",
        "a.yaml:7: unknown outcome `clik` (did you mean click?)",
        "a.yaml:7: unknown purpose `marketng` (did you mean marketing?)",
        "a.yaml:8: `click` is an outcome, so it is no type "
        "(say `outcome: click` and a type of your own)",
    ]
