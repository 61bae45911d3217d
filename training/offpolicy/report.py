"""What an evaluation says: for machines as JSON, for people as text and as a page."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from training.offpolicy.overlap import Overlap
from training.offpolicy.picture import Bar, picture
from training.page import framed
from training.report import Interval


class Policy(Struct, frozen=True):
    """What the log says of one policy. Refused when `overlap` has reasons: no estimate then.

    `by` names the estimate that speaks for it. `direct` is the reward model's word alone, which
    has no honest interval. `betting` is IPS's interval for any sample size, where rewards are
    bounded. `gains`: over what was logged, and over each baseline, paired.
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


class Evaluation(Struct, frozen=True):
    """Values in units of reward a decision, with 95% intervals that resample customers."""

    rows: int
    customers: int
    logged: Interval
    policies: tuple[Policy, ...]
    baselines: tuple[Policy, ...]

    def json(self) -> bytes:
        """For machines."""
        return msgspec.json.format(msgspec.json.encode(self))

    def text(self) -> str:
        """For people, in a few lines."""
        return "\n".join(
            [
                f"{self.rows:,} decisions of {self.customers:,} customers; "
                "value a decision with its 95% interval",
                f"{'logged':28} {shown(self.logged)}",
                *(line for policy in self._all() for line in _lines(policy)),
            ]
        )

    def html(self, title: str) -> str:
        """A page with its picture inside; nothing is fetched."""
        bars = [Bar("logged", self.logged, False)]
        bars += [
            Bar(policy.name, None if policy.refused else policy.value, policy in self.baselines)
            for policy in self._all()
        ]
        return _PAGE.render(
            title=title, evaluation=self, policies=self._all(), picture=picture(bars), shown=shown,
            verdict=verdict,
        )  # fmt: skip

    def _all(self) -> tuple[Policy, ...]:
        return self.policies + self.baselines


def verdict(gain: Interval) -> str:
    """What an interval of a difference allows to be said."""
    if gain.low > 0:
        return "better"
    return "worse" if gain.high < 0 else "no difference shown"


def shown(found: Interval) -> str:
    """A figure and its interval, to four significant places."""
    return f"{found.value:.4g} ({found.low:.4g} to {found.high:.4g})"


def _lines(policy: Policy) -> Iterator[str]:
    if policy.refused:
        yield f"{policy.name:28} refused: {'; '.join(policy.overlap.reasons)}"
        return
    yield (
        f"{policy.name:28} {shown(policy.value)} by {policy.by}; "
        f"{policy.overlap.effective_rows:,.0f} effective rows"
    )
    for other, gain in policy.gains.items():
        yield f"{'':28}   over {other}: {shown(gain)}: {verdict(gain)}"


_STYLE = """\
.refused { color: #9a3412 } .better { color: #166534 } .worse { color: #9a3412 }
"""
_PAGE = framed(
    """\
<p>{{ "{:,}".format(evaluation.rows) }} decisions of {{ "{:,}".format(evaluation.customers) }}
customers. Values are rewards a decision; intervals are 95%, over customers.</p>
<figure>{{ picture }}</figure>
{% for policy in policies %}
<h2>{{ policy.name }}</h2>
{% if policy.refused %}
<p class="refused">Refused: {{ policy.overlap.reasons | join("; ") }}.</p>
{% else %}
<table><tr><th>estimator</th><th>value</th></tr>
{% for by, found in policy.estimates.items() %}
<tr><td>{{ by }}{{ " (speaks for it)" if by == policy.by }}</td><td>{{ shown(found) }}</td></tr>
{% endfor %}
{% if policy.betting %}
<tr><td>ips, betting interval</td><td>{{ shown(policy.betting) }}</td></tr>
{% endif %}
{% if policy.direct is not none %}
<tr><td>reward model alone (no honest interval)</td><td>{{ "%.4g" % policy.direct }}</td></tr>
{% endif %}
</table>
<table><tr><th>over</th><th>gain</th><th></th></tr>
{% for other, gain in policy.gains.items() %}
<tr><td>{{ other }}</td><td>{{ shown(gain) }}</td>
<td class="{{ verdict(gain) }}">{{ verdict(gain) }}</td></tr>
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
