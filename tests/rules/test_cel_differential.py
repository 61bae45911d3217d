"""Our conditions mean what the official CEL implementation says they mean.

Well-typed expressions are generated, and customers with some attributes missing; CEL's
errors are our unknowns. TELLER_EXAMPLES asks for more than the quick suite's number.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

from cel_expr_python import cel
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.domain import Events, Facts
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
    Type,
    check,
    list_of,
)
from engine.rules.scalar import Definition, compile_rules

EXAMPLES = int(os.environ.get("TELLER_EXAMPLES", "2000"))
NOW = 1_767_225_600_000
SCOPE = Scope(
    customer={
        "a": Attribute(BOOL),
        "b": Attribute(BOOL),
        "i": Attribute(INT),
        "j": Attribute(INT),
        "d": Attribute(DOUBLE),
        "e": Attribute(DOUBLE),
        "s": Attribute(STRING),
        "r": Attribute(STRING),
        "t": Attribute(TIMESTAMP),
        "u": Attribute(DURATION),
        "is": Attribute(list_of(INT)),
        "ss": Attribute(list_of(STRING)),
        "ds": Attribute(list_of(DOUBLE)),
        "bs": Attribute(list_of(BOOL)),
    }
)
CEL = cel.NewEnv(
    variables={
        "customer": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
        "now": cel.Type.TIMESTAMP,
    }
)
# Ints beyond 2**53 are left out beside doubles: Google's implementation rounds them, we do not.
INTS = st.sampled_from([0, 1, 2, 3, -1, -7, 5, 2**40, 2**63 - 1, -(2**63)])
DOUBLES = st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.5, 1099511627776.0, 1e300, 9.3e18, 0.1])
STRINGS = st.sampled_from(["", "a", "ab", "b", "été", "😀", "a\nb", "a'b", 'q"', "\\"])
INSTANTS = st.sampled_from([0, NOW, NOW - 86_400_000, 1, -62_135_596_800_000, 253_402_300_799_999])
# The last second of the 292 years is left out: theirs overflows early there when negative.
SPANS = st.sampled_from([0, 1, 1500, -1000, 86_400_000, 9_223_372_035_000])
PATTERNS = st.sampled_from(["^a", "b$", "a.b", "(?s)a.b", ".", "^.$", "[[:alpha:]]+", r"\\pL", ""])
VALUES = {
    BOOL: st.booleans(),
    INT: INTS,
    DOUBLE: DOUBLES,
    STRING: STRINGS,
    TIMESTAMP: INSTANTS,
    DURATION: SPANS,
}


def instant(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def quoted(value: str) -> str:
    escapes = {"\\": r"\\", "'": r"\'", "\n": r"\n"}
    return "'" + "".join(escapes.get(c, c) for c in value) + "'"


def literal(type: Type, value: object) -> str:
    if type == BOOL:
        return str(value).lower()
    if type == STRING:
        return quoted(str(value))
    if type == TIMESTAMP:
        text = instant(int(str(value))).isoformat(timespec="milliseconds")
        return f"timestamp('{text.replace('+00:00', 'Z')}')"
    if type == DURATION:
        return f"duration('{value}ms')"
    return repr(value)


def plain(type: Type) -> st.SearchStrategy[str]:
    names = [f"customer.{name}" for name, each in SCOPE.customer.items() if each.type == type]
    names += ["now"] if type == TIMESTAMP else []
    return st.sampled_from(names) | VALUES[type].map(lambda value: literal(type, value))


def infix(left: st.SearchStrategy[str], ops: str, right: st.SearchStrategy[str]):
    return st.builds("({} {} {})".format, left, st.sampled_from(ops.split()), right)


@cache
def expressions(type: Type, depth: int, local: tuple[tuple[str, Type], ...] = ()):
    """Texts of that type, nested at most `depth` deep, over attributes and locals."""
    locals_here = [name for name, each in local if each == type]
    here = plain(type) | (st.sampled_from(locals_here) if locals_here else st.nothing())
    if depth == 0:
        return here

    def of(inner: Type) -> st.SearchStrategy[str]:
        return st.deferred(lambda: expressions(inner, depth - 1, local))

    ternary = st.builds("({} ? {} : {})".format, of(BOOL), of(type), of(type))
    return st.one_of(*_COMPOUND[type](of, depth, local), ternary, here)


def lists(of, depth, local):
    def some(element: Type, least: int = 0):
        attributes = [
            f"customer.{n}" for n, a in SCOPE.customer.items() if a.type == list_of(element)
        ]
        built = st.lists(of(element), min_size=least, max_size=3).map(
            lambda each: f"[{', '.join(each)}]"
        )
        return st.sampled_from(attributes) | built if attributes else built

    return some


def bools(of, depth, local):
    some = lists(of, depth, local)
    numbers = of(INT) | of(DOUBLE)
    compared = [infix(of(t), "== != < <= > >=", of(t)) for t in VALUES]
    member = [infix(of(t), "in", some(t)) for t in (BOOL, INT, DOUBLE, STRING)]
    name = f"x{depth}"
    macros = [
        st.builds(
            (f"{{}}.{{}}({name}, {{}})").format,
            some(t, 1),
            st.sampled_from(["exists", "all"]),
            st.deferred(lambda t=t: expressions(BOOL, depth - 1, (*local, (name, t)))),
        )
        for t in (INT, STRING, DOUBLE)
    ]
    return [
        infix(of(BOOL), "&& ||", of(BOOL)),
        infix(of(BOOL), "&& ||", of(BOOL)),
        st.builds(" && ".join, st.lists(of(BOOL), min_size=3, max_size=4)).map("({})".format),
        of(BOOL).map("!{}".format),
        infix(numbers, "== != < <= > >=", numbers),
        infix(numbers, "in", some(INT) | some(DOUBLE)),
        infix(some(STRING), "== !=", some(STRING)),
        infix(some(INT) | some(DOUBLE), "== !=", some(DOUBLE)),
        st.builds(
            "{}.{}({})".format,
            of(STRING),
            st.sampled_from(["startsWith", "endsWith", "contains"]),
            of(STRING),
        ),
        st.builds("{}.matches({})".format, of(STRING), PATTERNS.map(lambda p: f"'{p}'")),
        st.sampled_from([f"has(customer.{name})" for name in SCOPE.customer]),
        *compared,
        *member,
        *macros,
    ]


def ints(of, depth, local):
    some = lists(of, depth, local)
    return [
        *(infix(of(INT), op, of(INT)) for op in ("+", "-", "*", "/", "%", "/")),
        of(INT).map("-({})".format),
        of(STRING).map("size({})".format),
        (some(STRING) | some(INT)).map("{}.size()".format),
    ]


_COMPOUND = {
    BOOL: bools,
    INT: ints,
    DOUBLE: lambda of, *_: [
        infix(of(DOUBLE), "+ - * /", of(DOUBLE)),
        of(DOUBLE).map("-({})".format),
    ],
    STRING: lambda of, *_: [infix(of(STRING), "+", of(STRING))],
    TIMESTAMP: lambda of, *_: [infix(of(TIMESTAMP), "+ -", of(DURATION))],
    DURATION: lambda of, *_: [
        infix(of(DURATION), "+ -", of(DURATION)),
        infix(of(TIMESTAMP), "-", of(TIMESTAMP)),
    ],
}


def customers() -> st.SearchStrategy[dict[str, object]]:
    """Attributes as the store holds them (times in milliseconds), most of them there."""
    values = {
        name: st.lists(VALUES[next(t for t in VALUES if t.name == each.type.of)], max_size=3)
        if each.type.of
        else VALUES[each.type]
        for name, each in SCOPE.customer.items()
    }
    missing = st.sets(st.sampled_from(sorted(values)), max_size=3)
    return st.builds(
        lambda whole, gone: {name: whole[name] for name in whole if name not in gone},
        st.fixed_dictionaries(values),
        missing,
    )


Meaning = Callable[[dict[str, object]], object]


def ours(text: str, type: Type) -> Meaning:
    """The value by way of a segment; a condition's also by way of the list of conditions."""
    try:
        body = check(text, SCOPE, type)
    except LanguageFaults as refused:
        [fault] = refused.faults
        never = {"this can never be true": False, "this is always unknown": None}
        return lambda _: never[fault.what]
    conditions = [body] if type == BOOL else []
    ruleset = compile_rules([Definition("segment", "it", body)], conditions, [], SCOPE, {})

    def meaning(customer: dict[str, object]) -> object:
        found = ruleset.evaluate(Facts(customer, {}, Events(), "web", NOW))
        value = found.segments["it"]
        if conditions:
            assert value is (None if found.unknown else not found.false)
        return value

    return meaning


def stored(value: object) -> object:
    """Their value as we hold it: times are milliseconds."""
    if isinstance(value, datetime):
        value -= datetime(1970, 1, 1, tzinfo=UTC)
    return value // timedelta(milliseconds=1) if isinstance(value, timedelta) else value


def theirs(text: str) -> Meaning:
    # Their Python values cannot hold times within a map, so those travel as text.
    timed = re.sub(r"(?<!has\()customer\.t\b", "timestamp(customer.t)", text)
    timed = re.sub(r"(?<!has\()customer\.u\b", "duration(customer.u)", timed)
    # Unchecked: their checker refuses numbers compared across types, their runtime does not.
    expression = CEL.compile(timed, disable_check=True)

    def meaning(customer: dict[str, object]) -> object:
        data = dict(customer)
        if "t" in data:
            data["t"] = instant(data["t"]).isoformat(timespec="milliseconds")
        if "u" in data:
            data["u"] = f"{data['u']}ms"
        found = expression.eval(data={"customer": data, "now": instant(NOW)})
        return None if found.type() == cel.Type.ERROR else stored(found.value())

    return meaning


EXPRESSIONS = st.sampled_from([BOOL, BOOL, *VALUES]).flatmap(
    lambda kind: st.tuples(st.just(kind), expressions(kind, 2))
)


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
)
@given(EXPRESSIONS, st.lists(customers(), min_size=1, max_size=3))
def test_a_condition_means_what_the_official_cel_says(expression, people):
    type, text = expression
    assume(len(text) < 2000)
    our_meaning, their_meaning = ours(text, type), theirs(text)
    for customer in people:
        # As text, so that 1 is not 1.0, 0.0 not -0.0, and not-a-number is itself.
        assert repr(our_meaning(customer)) == repr(their_meaning(customer)), text
