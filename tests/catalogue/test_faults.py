"""Many mistakes in one catalogue: all are told at once, each where it stands, none twice."""

from __future__ import annotations

import pytest

from engine.catalogue import compile_catalogue
from engine.errors import CatalogueRefused
from tests.catalogue.faults import EXAMPLE, faults


def test_all_mistakes_are_told_at_once_whatever_their_kind() -> None:
    wrong = EXAMPLE
    apart = [  # mistakes that neither share a line with, nor hide, another
        ("group: upgrade ", "grup: upgrade "),
        ("cap: 2", "cap: 0"),
        ("type: list<string>", "type: lists"),
        ("diverse: group", "diverse: groups"),
        ("click: 0.2", "clik: 0.2"),
        ("customer.churn_risk > 0.6", "customer.churn_rsk > 0.6"),
        (
            "customer: {attributes: {plan: fibre}, consent: {marketing: g",
            "customer: {consent: {market: g",
        ),
        ("after: [reject]", "after: [rejct]"),
        ("exploration: {method: epsilon", "holdout: {}\n  exploration: {method: epsilon"),
    ]
    for right, mistake in apart:
        assert right in wrong
        wrong = wrong.replace(right, mistake, 1)
    assert [fault.split(" ", 1)[0] for fault in faults({"c.yaml": wrong})] == [
        "c.yaml:7:", "c.yaml:17:", "c.yaml:31:", "c.yaml:54:", "c.yaml:56:", "c.yaml:62:",
        "c.yaml:70:", "c.yaml:72:", "c.yaml:77:",
    ]  # fmt: skip


def test_an_action_with_many_mistakes_is_told_all_of_them_and_nothing_besides() -> None:
    text = """
schema: {attributes: {plan: {type: string}}, purposes: [marketing]}
groups: {upgrade: {kind: offer, purpose: marketing}}
placements: [{id: p, channel: web}]
actions:
  - id: a
    knd: offer
    group: upgrad
    value: [1]
    tier: first
    eligibility: [customer.paln == 'x']
    budget: {capacity: 3}
    treatments:
      - {id: t, placement: q, contnt: {}, content: {a: "{{ customer.paln }}"}}
"""
    assert [fault.split(" (")[0] for fault in faults({"c.yaml": text})] == [
        "c.yaml:7: unknown key `knd`",
        "c.yaml:8: unknown group `upgrad`",
        "c.yaml:9: `value` must be a number or text, not a list",
        "c.yaml:10: `tier` must be a whole number, not `first`",
        "c.yaml:11: customer.paln is not declared, at column 10 of `customer.paln == 'x'`",
        "c.yaml:12: `budget` is not built yet",
        "c.yaml:14: template: unknown attribute `customer.paln`",
        "c.yaml:14: unknown key `contnt`",
        "c.yaml:14: unknown placement `q`",
    ]


def test_a_name_in_two_files_is_told_with_both_places() -> None:
    other = "groups:\n  upgrade: {kind: offer}\nstrategy: {attribution: 1d}\n"
    assert faults({"a.yaml": EXAMPLE, "b.yaml": other}) == [
        "b.yaml:2: `upgrade` is given twice (first at a.yaml:26)",
        "b.yaml:3: `attribution` is given twice (first at a.yaml:65)",
    ]


def test_files_that_are_no_yaml_no_csv_or_no_text_are_told_together() -> None:
    found = faults({"a.yaml": "a: [", "b.yaml": "x: \x00", "c.csv": 'a,"b', "d.yaml": "budget: 1"})
    assert [fault.split(":")[0] for fault in found] == ["a.yaml", "b.yaml", "c.csv", "d.yaml"]


def test_text_that_is_not_utf_8_is_told_with_its_line() -> None:
    with pytest.raises(CatalogueRefused, match=r"c\.yaml:2: not UTF-8 text"):
        compile_catalogue({"c.yaml": b"schema:\n  \xff: 1\n"})


def test_an_action_of_a_group_that_is_at_fault_is_not_told_again() -> None:
    wrong = EXAMPLE.replace("retention: {kind: offer, ", "retention: {kind: ofer, ")
    assert faults({"c.yaml": wrong}) == ["c.yaml:27: `kind` cannot be `ofer` (did you mean offer?)"]


def test_a_condition_on_an_attribute_that_is_at_fault_is_not_told_again() -> None:
    wrong = EXAMPLE.replace("churn_risk:    {type: double,", "churn_risk: {type: dbl,")
    assert len(faults({"c.yaml": wrong})) == 1


def test_a_treatment_that_lacks_a_key_and_has_another_is_told_both() -> None:
    wrong = EXAMPLE.replace("placement: agent.next, content:", "placement: agent.next, contnt:")
    assert faults({"c.yaml": wrong}) == [
        "c.yaml:45: `content` is missing",
        "c.yaml:45: unknown key `contnt` (did you mean content?)",
    ]


def test_every_circle_is_told() -> None:
    text = "segments: {a: segment.b, b: segment.a, c: segment.c}"
    assert [fault.split(": ")[2] for fault in faults({"c.yaml": text})] == [
        "segment.a → segment.b → segment.a (break the circle)",
        "segment.c → segment.c (break the circle)",
    ]


def test_a_circle_of_segments_and_tables_is_told_once() -> None:
    wrong = """
segments:
  a: table.t == 'x'
  b: segment.a
tables:
  t: {inputs: [segment.b], output: string, rows: [["-", x]]}
"""
    (found,) = faults({"c.yaml": wrong})
    assert found.startswith("c.yaml:3: this depends on itself: ")


def test_an_offer_without_a_purpose_is_a_fault_and_a_service_without_one_is_not() -> None:
    for kind, count in (("offer", 1), ("message", 1), ("service", 0)):
        text = f"""
actions:
  - {{id: a, kind: {kind}, value: 1, treatments: [{{id: t, placement: p, content: {{}}}}]}}
placements: [{{id: p, channel: web}}]
"""
        found = faults({"c.yaml": text}) if count else []
        assert len(found) == count
        if not count:
            assert compile_catalogue({"c.yaml": text.encode()}).actions[0].purpose is None


def test_a_table_in_csv_is_told_by_the_line_of_the_csv() -> None:
    text = EXAMPLE.replace(
        'rows: [[">= 1000", gold], [">= 200", silver], ["-", basic]]', "rows: tiers.csv"
    )
    table = "customer.spend_12m,tier\n>= 1000,gold\n\n>= much,silver\n-,basic,too\n"
    assert faults({"c.yaml": text, "tiers.csv": table}) == [
        "tiers.csv:4: column 1: 'much' is not a number",
        "tiers.csv:5: column 1: a row has 2 cells (inputs, then the output), not 3",
    ]
    assert faults({"c.yaml": text, "tiers.csv": ">= 1000,gold\n-,basic\n"}) == [
        "tiers.csv:1: the first row must be the heading (write customer.spend_12m, tier)"
    ]
    assert faults({"c.yaml": text, "tier.csv": table}) == [
        "c.yaml:23: there is no file `tiers.csv` (did you mean tier.csv?)"
    ]
