"""What an evaluation says: for machines as JSON, for people as text and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec
from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from training.figures import Decimals
from training.offpolicy.overlap import Overlap
from training.offpolicy.picture import Bar, picture, short
from training.page import framed
from training.report import Interval


class Bare(Struct, frozen=True):
    """A figure without an interval, for a reason."""

    value: float
    reason: str


class Policy(Struct, frozen=True):
    """What the log says of one policy. Refused when `overlap` has reasons: no estimate then.

    `by` names the estimate that speaks for it. `direct` is the reward model's word alone, which
    has no honest interval. `betting` is IPS's interval for any sample size, where rewards are
    bounded. `gains`: over each baseline, paired; and over what was logged, where that has an
    interval and no baseline is what was logged.
    """

    name: str
    overlap: Overlap
    by: str
    estimates: dict[str, Interval]
    direct: float | None
    betting: Interval | None
    gains: dict[str, Interval]

    @property
    def refused(self) -> bool:
        """Is there too little of it in the log to say anything?"""
        return self.overlap.refused

    @property
    def value(self) -> Interval:
        """The estimate that speaks for it. Raises KeyError when it is refused."""
        return self.estimates[self.by]


Unit = Literal["worth", "rewards"]


class Evaluation(Struct, frozen=True):
    """What a decision earns, in a `unit`, with 95% intervals that resample customers; `beside`: the
    same in the other unit, where both are known."""

    rows: int
    customers: int
    logged: Interval | Bare
    policies: tuple[Policy, ...]
    baselines: tuple[Policy, ...]
    unit: Unit = "rewards"
    beside: Evaluation | None = None

    @property
    def everyone(self) -> tuple[Policy, ...]:
        """All policies, those that were asked for first."""
        return self.policies + self.baselines

    def json(self) -> bytes:
        """For machines."""
        return msgspec.json.format(msgspec.json.encode(self))

    def text(self) -> str:
        """For people, in a few lines."""
        title = f"{self.rows:,} decisions of {self.customers:,} customers"
        return "\n".join([title, *(line for one in self._units() for line in one._lines())])

    def html(self, title: str) -> str:
        """A page with its pictures inside; nothing is fetched."""
        units = self._units()
        return _PAGE.render(
            title=title,
            evaluation=self,
            units=[(one.unit, one.decimals()) for one in units],
            told=[one.told() for one in units],
            pictures=[one.picture() for one in units],
            policies=list(zip(*(one.everyone for one in units), strict=True)),
            verdict=verdict,
            meaning=MEANING,
            as_logged=as_logged,
        )

    def decimals(self) -> Decimals:
        """How its figures are shown, all alike."""
        known = [one.value for one in self.everyone if not one.refused]
        return Decimals(known if isinstance(self.logged, Bare) else [self.logged, *known])

    def told(self) -> str:
        """What was logged, as it is shown."""
        if isinstance(self.logged, Bare):
            return f"{self.logged.value:,.3g}, without an interval: {self.logged.reason}"
        return self.decimals()(self.logged)

    def picture(self) -> Markup:
        """Values and intervals side by side."""
        mean = self.logged.value
        seen = Interval(mean, mean, mean) if isinstance(self.logged, Bare) else self.logged
        bars = [Bar("logged", seen, False)]
        bars += [
            Bar(one.name, None if one.refused else one.value, one in self.baselines)
            for one in self.everyone
        ]
        return picture(bars, f"{self.unit} a decision, 95% interval")

    def _units(self) -> list[Evaluation]:
        return [self, *([self.beside] if self.beside else [])]

    def _lines(self) -> Iterator[str]:
        shown, wide = self.decimals(), max(len(short(one.name)) for one in self.everyone)
        yield f"{self.unit} a decision ({MEANING[self.unit]}), with its 95% interval"
        yield f"{'logged':{wide}} {self.told()}"
        for policy in self.everyone:
            yield from _lines(policy, shown, wide)


MEANING: Mapping[Unit, str] = {
    "worth": "rewards times what they are worth, less the cost of contact",
    "rewards": "what answers count for, whatever they are worth",
}


def as_logged(policy: Policy) -> str:
    """What is said of a policy that is what was logged. Without a reward model's part its estimate
    is the logged mean itself."""
    far = "" if policy.direct is None else ": how far it is from the logged mean is chance"
    return f"this is what was logged{far}"


def in_both(worth: Evaluation, rewards: Evaluation) -> Evaluation:
    """The same policies on the same log, in either unit; the one where both come to the same."""
    return rewards if worth == rewards else replace(worth, unit="worth", beside=rewards)


def verdict(gain: Interval) -> str:
    """What an interval of a difference allows to be said."""
    if gain.low > 0:
        return "better"
    return "worse" if gain.high < 0 else "no difference shown"


def _lines(policy: Policy, shown: Decimals, wide: int) -> Iterator[str]:
    if policy.refused:
        yield f"{short(policy.name):{wide}} refused: {'; '.join(policy.overlap.reasons)}"
        return
    yield (
        f"{short(policy.name):{wide}} {shown(policy.value)} by {policy.by}; "
        f"{policy.overlap.effective_rows:,.0f} effective rows"
    )
    if policy.overlap.as_logged:
        yield f"{'':{wide}}   {as_logged(policy)}"
    for other, gain in policy.gains.items():
        yield f"{'':{wide}}   over {short(other)}: {shown(gain)}: {verdict(gain)}"


_STYLE = """\
.refused { color: #9a3412 } .better { color: #166534 } .worse { color: #9a3412 }
"""
_PAGE = framed(
    """\
<p>{{ "{:,}".format(evaluation.rows) }} decisions of {{ "{:,}".format(evaluation.customers) }}
customers. Intervals are 95%, over customers.
{% for unit, _ in units %}
{{ unit | capitalize }} a decision: {{ meaning[unit] }}; logged: {{ told[loop.index0] }}.
{% endfor %}
</p>
{% for picture in pictures %}
<figure>{{ picture }}</figure>
{% endfor %}
{% for same in policies %}
{% set policy = same[0] %}
<h2>{{ policy.name }}</h2>
{% if policy.refused %}
<p class="refused">Refused: {{ policy.overlap.reasons | join("; ") }}.</p>
{% else %}
<table><tr><th>estimator</th>
{% for unit, _ in units %}<th class="figure">{{ unit }}</th>{% endfor %}</tr>
{% for by in policy.estimates %}
<tr><td>{{ by }}{{ " (speaks for it)" if by == policy.by }}</td>
{% for unit, shown in units %}
<td class="figure">{{ shown(same[loop.index0].estimates[by]) }}</td>
{% endfor %}</tr>
{% endfor %}
{% if policy.betting %}
<tr><td>ips, betting interval</td>
{% for unit, shown in units %}
<td class="figure">{{ shown(same[loop.index0].betting) }}</td>
{% endfor %}</tr>
{% endif %}
{% if policy.direct is not none %}
<tr><td>reward model alone (no honest interval)</td>
{% for unit, shown in units %}
<td class="figure">{{ shown.number(same[loop.index0].direct) }}</td>
{% endfor %}</tr>
{% endif %}
</table>
{% if policy.overlap.as_logged %}
<p>{{ as_logged(policy) | capitalize }}.</p>
{% endif %}
<table><tr><th>over</th>
{% for unit, _ in units %}<th class="figure">gain in {{ unit }}</th><th></th>{% endfor %}</tr>
{% for other in policy.gains %}
<tr><td>{{ other }}</td>
{% for unit, shown in units %}
{% set gain = same[loop.index0].gains[other] %}
<td class="figure">{{ shown(gain) }}</td>
<td class="{{ verdict(gain) }}">{{ verdict(gain) }}</td>
{% endfor %}</tr>
{% endfor %}
</table>
{% endif %}
<p>{{ "{:,.0f}".format(policy.overlap.effective_rows) }} effective of
{{ "{:,}".format(policy.overlap.rows) }} rows; largest weight
{{ "{:,.1f}".format(policy.overlap.largest_weight) }}
({{ "{:.1%}".format(policy.overlap.largest_weight_share) }} of the answer); heaviest hundredth
{{ "{:.0%}".format(policy.overlap.tail_share) }}; mean weight
{{ "{:.3f}".format(policy.overlap.mean_weight) }}.</p>
{% endfor %}
""",
    _STYLE,
)
