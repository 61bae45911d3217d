"""Facts about conditions on the same fact, which are asked together."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from engine.domain import EventLabel, Events, Facts, Tally
from engine.rules.ladder import ladders
from engine.rules.language import DOUBLE, INT, STRING, Attribute, Scope, check
from engine.rules.scalar import Evaluation, compile_rules

NOW = 1_767_225_600_000
SCOPE = Scope(
    customer={
        "spend": Attribute(DOUBLE),
        "months": Attribute(INT),
        "plan": Attribute(STRING),
        "risk": Attribute(DOUBLE, default=2.0),
    }
)
HELD = ("customer.spend", "customer.risk", "history.count('click')")
WRITTEN = st.builds(
    "{} {} {}".format,
    st.sampled_from(HELD),
    st.sampled_from((">", ">=", "<", "<=", "==")),
    st.sampled_from(("0", "1", "2", "0.5", "1.0", "-0.0", "1.0/0.0", "0.0/0.0")),
)
NUMBERS = st.sampled_from((-0.5, 0.0, 1.0, 2.0, math.nan, math.inf, -math.inf))


def evaluated(texts: list[str], about: Facts) -> Evaluation:
    return compile_rules([], [check(text, SCOPE) for text in texts], [], SCOPE, {}).evaluate(about)


@given(
    st.lists(WRITTEN, min_size=5, max_size=60),
    st.dictionaries(st.sampled_from(("spend", "risk")), NUMBERS),
    st.integers(0, 3),
)
def test_conditions_asked_together_come_out_as_each_does_alone(
    texts: list[str], customer: dict[str, float], clicks: int
) -> None:
    events = Events((EventLabel("click"),), (), (Tally(clicks, NOW),))
    about = Facts({**customer}, {}, events, "web", NOW)
    alone = [evaluated([text], about) for text in texts]
    together = evaluated(texts, about)
    assert together.false == [at for at, one in enumerate(alone) if one.false]
    assert together.unknown == [at for at, one in enumerate(alone) if one.unknown]


def test_the_hardest_limit_is_asked_first() -> None:
    texts = [
        "spend > 5.0",
        "months < 7",
        "spend >= 9.0",
        "spend < 1.0",
        "spend > 9.0",
        "months < 3",
    ]
    texts = [f"customer.{text}" for text in texts] + ["customer.plan == 'basic'"]
    assert ladders([check(text, SCOPE) for text in texts]) == [[4, 2, 0], [5, 1]]


def test_thousands_of_limits_on_one_fact_are_no_deeper_than_python_can_take() -> None:
    texts = [f"customer.months > {limit}" for limit in range(5_000)]
    about = Facts({"months": 4_990}, {}, Events(), "web", NOW)
    assert evaluated(texts, about).false == list(range(4_990, 5_000))
