"""Facts about what an author may write, and what is said when it is wrong."""

from __future__ import annotations

import pytest

from engine.rules.language import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Attribute,
    LanguageFaults,
    Scope,
    check,
    list_of,
    parse_type,
)

SCOPE = Scope(
    customer={
        "plan": Attribute(STRING, ("basic", "plus", "fibre")),
        "tenure_months": Attribute(INT),
        "spend": Attribute(DOUBLE),
        "tags": Attribute(list_of(STRING)),
        "churn_risk": Attribute(DOUBLE, default=0.0),
        "joined": Attribute(TIMESTAMP),
    },
    context={"page": Attribute(STRING)},
    segments=["at_risk"],
    tables={"tier": STRING},
    rules=["loyal"],
    actions=["fibre-upgrade"],
    groups=["retention"],
    channels=["email"],
)


def faults(text: str, expect=BOOL) -> list[tuple[int, str, str]]:
    with pytest.raises(LanguageFaults) as refused:
        check(text, SCOPE, expect)
    return [tuple(fault) for fault in refused.value.faults]


@pytest.mark.parametrize(
    "text",
    [
        "customer.plan != 'fibre'",
        "context.page == '/broadband' || segment.at_risk",
        "!('debt' in customer.tags)",
        "customer.churn_risk > 0.6 && customer.tenure_months >= 6",
        "history.open('complaint')",
        "history.count('reject', action='fibre-upgrade', within='30d') < 2",
        "history.days_since('call') > 7",
        "now - customer.joined > duration('52w')",
        "customer.joined < timestamp('2026-01-31T00:00:00+01:00')",
        "table.tier in ['gold', \"silver\",] && rule.loyal",
        "customer.tags.exists(t, t.startsWith('vip') || t.matches(r'^v\\d+$'))",
        "has(customer.spend) ? customer.spend * 2.0 > 10 : false",
        "size(customer.tags) - 1 > 0 // a comment",
        "customer.tenure_months in [6.0, 12.0]",
        "customer.tenure_months == 6.0",
        "[1, 2].exists(n, 4 / n == 2)",
        "-size([]) == 0",
    ],
)
def test_what_the_language_can_say_is_a_condition(text):
    assert check(text, SCOPE).type == BOOL


@pytest.mark.parametrize(
    ("text", "column", "what", "hint"),
    [
        ("customer.tenre > 1", 10, "customer.tenre is not declared", ""),
        ("customer.tenure_month > 1", 10, "is not declared", "did you mean tenure_months?"),
        ("tenure_months > 1", 1, "there is no tenure_months", "customer.tenure_months"),
        ("segment.at_rsk", 9, "segment.at_rsk is not declared", "at_risk"),
        ("customer.plan == 'fibr'", 18, "customer.plan is never 'fibr'", "did you mean fibre?"),
        ("customer.plan in ['basic', 'x']", 18, "is never 'x'", "basic, plus, fibre"),
        ("1 > 2", 1, "this can never be true", ""),
        ("customer.spend > 1.0 && size('ab') == 3", 1, "this can never be true", ""),
        ("1 / 0 == 1", 1, "this is always unknown", "zero"),
        ("customer.spend + customer.tenure_months > 1.0", 16, "a double and an int", "mix"),
        ("customer.joined > '2026-01-01'", 17, "a timestamp and a string", "timestamp("),
        ("customer.plan.matches('(')", 23, "is not a pattern", ""),
        ("customer.plan.matches(context.page)", 31, "must be written out", ""),
        ("customer.joined > timestamp('2026-02-30T00:00:00Z')", 29, "is not a time", ""),
        ("now - customer.joined > duration('30 days')", 34, "is not a duration", ""),
        ("history.count('reject', action='fibre-upgrad') > 1", 32, "no action", "fibre-upgrade"),
        ("history.count('reject', within='0d') > 1", 32, "nothing ever happens", ""),
        ("history.days_since('call', within='3d') > 1.0", 35, "takes no within", "topic"),
        ("history.counts('reject') > 1", 9, "history has no counts", "count"),
        ("customer.tags.exist(t, true)", 15, "there is no function exist", "exists"),
        ("customer.tags.contains('a')", 15, "two strings", "use in"),
        ("startsWith(customer.plan, 'a')", 1, "there is no function startsWith", "x.startsWith"),
        ("customer.plan and true", 15, "found and", "&&"),
        ("customer.plan = 'a'", 15, "found =", "=="),
        ("customer.plan == null", 18, "null is not a value", "has(customer.x)"),
        ("customer.plan == b'x'", 18, "bytes", ""),
        ("1u == 1", 1, "unsigned", ""),
        ("customer.tags[0] == 'x'", 14, "indexing", ""),
        ("'abc", 1, "this string never ends", ""),
        (r"'\q' == context.page", 2, "is not an escape", ""),
        ("9223372036854775808 > customer.tenure_months", 1, "64 bits", ""),
        ("customer.spend", 1, "bool is needed here", ""),
        ("", 1, "expected a value", ""),
        ("[1, 'a'] == []", 1, "one plain type", ""),
    ],
)
def test_a_fault_says_where_what_and_what_to_try(text, column, what, hint):
    [(where, said, tried)] = faults(text)
    assert (where, what in said, hint in tried) == (column, True, True), (where, said, tried)


def test_all_faults_of_a_condition_are_found_at_once():
    found = faults("customer.tenr > 1 && context.pge == '' || customer.plan == 'fibr'")
    assert [column for column, _, _ in found] == [10, 30, 60]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 9_000 + "true" + ")" * 9_000,
        "!" * 10_000 + "true",
        "-" * 10_000 + "1 > 0",
        "[" * 10_000,
        "1" + " + 1" * 4_000 + " > 0",
        "customer" + ".a" * 9_000,
        "true ? true : " * 1_000 + "true",
        "size(" * 3_000,
    ],
)
def test_a_very_deep_condition_is_a_fault_and_not_a_crash(text):
    [(_, what, _)] = faults(text)
    assert "nested deeper" in what


def test_a_very_long_condition_is_a_fault():
    assert "longer than 20,000" in faults("true || " * 3_000 + "true")[0][1]


def test_a_long_chain_of_alternatives_is_not_deep():
    assert check(" || ".join(f"customer.plan == context.page + '{n}'" for n in range(300)), SCOPE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("customer.spend > 1.0", "(1.0<customer.spend)"),
        ("segment.at_risk && rule.loyal", "rule.loyal && segment.at_risk && rule.loyal"),
        ("customer.plan == 'basic'", '"basic" == customer.plan'),
        ("customer.tags.exists(t, t == 'a')", "customer.tags.exists(tag, 'a' == tag)"),
        ("customer.spend > 2.0 * 3.0", "customer.spend > 6.0"),
    ],
)
def test_conditions_that_mean_the_same_have_one_key(one, other):
    assert check(one, SCOPE).key == check(other, SCOPE).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("customer.spend > 1.0", "customer.spend < 1.0"),
        ("customer.spend > 1.0", "customer.spend >= 1.0"),
        ("customer.spend - 1.0 > 2.0", "1.0 - customer.spend > 2.0"),
        ("history.count('a', within='1d') > 1", "history.count('a', within='2d') > 1"),
        ("context.page.matches('a')", "context.page.matches('b')"),
        ("customer.tags.exists(t, t == 'a')", "customer.tags.all(t, t == 'a')"),
        ("context.page == '1'", "context.page == '1 '"),
    ],
)
def test_conditions_that_differ_have_different_keys(one, other):
    assert check(one, SCOPE).key != check(other, SCOPE).key


def test_a_condition_tells_what_it_reads():
    text = (
        "segment.at_risk && table.tier == 'gold' || rule.loyal && history.open('bill') && now > now"
    )
    assert check(text, SCOPE).reads == {
        ("segment", "at_risk"),
        ("table", "tier"),
        ("rule", "loyal"),
        ("history", "bill"),
        ("now", ""),
    }


def test_a_condition_is_checked_once_a_scope():
    assert check("segment.at_risk", SCOPE) is check("segment.at_risk", SCOPE)


def test_a_number_may_be_an_int_where_a_double_is_expected():
    assert check("customer.tenure_months * 2", SCOPE, DOUBLE).type == INT


def test_types_are_written_as_the_schema_writes_them():
    assert parse_type("list<string>") == list_of(STRING)
    assert parse_type("duration") == DURATION
    with pytest.raises(ValueError, match="did you mean string"):
        parse_type("strng")
    with pytest.raises(ValueError, match="not a type"):
        parse_type("list<list<int>>")
