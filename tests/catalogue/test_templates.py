"""What templates may and may not do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from engine.catalogue.templates import Looked, RenderFailed, Text, Texts, needed
from engine.domain import Value

NOW = 1_780_000_000_000


def read(source: str) -> Text:
    text = Texts().read(source)
    assert isinstance(text, Text), text
    return text


def render(source: str, customer: Mapping[str, Value | None] | None = None) -> str:
    names = {
        "customer": Looked((customer or {}).__getitem__),
        "segment": Looked({"s": True, "u": None}.__getitem__),
        "table": Looked({"t": "gold"}.__getitem__),
        "now": datetime.fromtimestamp(NOW / 1000, UTC),
    }
    return read(source).render(names)


def test_content_is_plain_text() -> None:
    assert render("{{ customer.a }}", {"a": "<b>&"}) == "<b>&"


def test_a_default_stands_in_for_what_is_not_known() -> None:
    assert render("{{ customer.a | default('x') }}{{ segment.u | default('y') }}") == "xy"
    assert render("{% if customer.a is defined %}yes{% else %}no{% endif %}") == "no"


def test_now_segments_and_tables_can_be_looked_at() -> None:
    assert render("{{ now.year }} {{ segment.s }} {{ table.t }}") == "2026 True gold"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ customer.a }} {{ customer['b'] | upper }}", [("customer", "a"), ("customer", "b")]),
        ("{{ customer.a | default(customer.b) }}", [("customer", "b")]),
        ("{{ customer.a | d('x') | upper }}", []),
        ("{{ customer.a | upper | default('x') }}", [("customer", "a")]),
        ("{% for x in customer.tags %}{{ x }}{% endfor %}", [("customer", "tags")]),
        ("{% if segment.s %}{{ table.t }}{% endif %}", [("segment", "s"), ("table", "t")]),
        ("{% set customer = {'a': 1} %}{{ context.p }}", [("context", "p")]),
        ("plain {{ '}}' }} {{ customer.a }}", [("customer", "a")]),
        ("{{ now }}", []),
    ],
)
def test_what_is_used_without_a_default_is_needed(
    source: str, names: list[tuple[str, str]]
) -> None:
    assert needed([read(source)]) == names


@pytest.mark.parametrize(
    "source",
    [
        "{{ customer.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ customer.a.append(1) }}",
        "{{ 1 / 0 }}",
        "{{ customer.a + 1 }}",
        "{{ customer.a.b.c }}",
        "{{ customer['a'].__class__ }}",
        "{{ 'x'.upper }}",
        "{{ customer.a | map('upper') }}",
        "{{ customer.a | map('upper') | upper }}",
        "{{ customer.a | map('upper') | string | urlencode }}",
        "{{ customer.a | map('upper') | forceescape }}",
    ],
)
def test_what_fails_or_reaches_out_of_the_sandbox_is_a_render_failure(source: str) -> None:
    with pytest.raises(RenderFailed):
        render(source, {"a": ["x"]})


@pytest.mark.parametrize(
    "source",
    ["{{ lipsum() }}", "{{ range(9) }}", "{{ [1, 2] | random }}", "{% import 'x' as y %}",
     "{% block a %}{% endblock %}", "{{ a", "{% for %}", "{{ 1 is odd_looking }}"],
)  # fmt: skip
def test_chance_globals_and_other_templates_are_refused_at_load(source: str) -> None:
    assert isinstance(Texts().read(source), list)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**10 }}",
        "{{ 9**(9**9) }}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for a in 'ab' recursive %}{{ loop('ab') }}{{ loop('ab') }}{% endfor %}",
        "{% for a in 'a' %}{% for b in a %}{% for c in b %}c{% endfor %}{% endfor %}{% endfor %}",
        "{{ " + "9" * 5000 + " }}",
        "{{ now.now() }}",
        "{{ now.astimezone() }}",
        "{{ now.today }}",
        "{{ 'x' | attr('upper') }}",
        r'{{ "\ud800" }}',
        "{{ 1.5 .x or 2 }}",
    ],
)
def test_endless_work_the_clock_and_what_is_no_text_are_refused_at_load(source: str) -> None:
    assert isinstance(Texts().read(source), list)


def test_a_name_that_now_does_not_have_is_answered_with_those_it_has() -> None:
    faults = Texts().read("{{ now.yaer }}")
    assert isinstance(faults, list)
    [fault] = faults
    assert (fault.name, "year" in fault.known) == ("yaer", True)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10000000000 }}",
        "{{ 'x' * 100000000 }}",
        "{{ [1] * 100000000 }}",
        "{{ 1000000000000 * 1000000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'x' | center(10000000000) }}",
        "{{ ['x'] | map('center', 10000000000) | list }}",
        "{{ [1] | batch(10000000000, 'x') | list }}",
        "{{ 1.5 | round(10000000000, 'floor') }}",
        "{{ 'x'.center(10000000000) }}",
        "{{ '{:9}'.format(1) }}",
        "{{ '{a:9}'.format_map({'a': 1}) }}",
        "{{ '{:10000000000}'.format(1) }}",
        "{% set a = 'x' * 99999 %}{% set a = a ~ a ~ a %}{{ a }}",
        "{% set a = 'x' * 99999 %}{% set a %}{{ a }}{{ a }}{% endset %}{{ a }}",
        "{{ 'x' * 99999 }}{{ 'x' * 99999 }}",
        "{{ ('x' * 9999) | replace('x', 'y' * 9999) }}",
    ],
)
def test_a_template_that_would_make_too_much_fails_at_once_and_only_when_rendered(
    source: str,
) -> None:
    with pytest.raises(RenderFailed):
        render(source)


def test_a_template_does_modest_work() -> None:
    assert render("{{ '=' * 3 }}{{ 6 * 7 }}{{ 7 % 4 }}{{ 1 ~ 'a' ~ 2.5 }}") == "===4231a2.5"
    assert render("{% for x in customer.a %}{{ loop.index }}{{ x.upper() }}{% endfor %}",
                  {"a": ["x", "y"]}) == "1X2Y"  # fmt: skip
    assert render("{{ customer.a | default(20000) }}") == "20000"
    assert render("{{ now.strftime('%Y-%m') }} {{ (now - now).days }}") == "2026-05 0"


def test_templates_that_differ_in_plain_text_alone_are_read_once() -> None:
    texts = Texts()
    for i in range(5):
        texts.read(f"offer {i}: {{{{ customer.a }}}}!")
    assert len(texts._read) == 1
    assert render("offer 3: {{ customer.a }}!", {"a": "x"}) == "offer 3: x!"
