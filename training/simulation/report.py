"""What a simulation found, for people: as text and as a page with its pictures inside."""

from __future__ import annotations

from collections.abc import Iterator

from training.page import framed
from training.simulation.findings import Findings, Spread
from training.simulation.picture import learned, regret, uplift


def text(found: Findings) -> str:
    """For people, in a few lines."""
    return "\n".join(_lines(found))


def page(found: Findings, title: str) -> str:
    """A page with its pictures inside; nothing is fetched."""
    return _PAGE.render(
        title=title,
        found=found,
        shown=shown,
        share=_share,
        regret=regret(found),
        uplift=uplift(found),
        learned=learned(found),
    )


def shown(spread: Spread | None, form: str = ".3f") -> str:
    """A mean and its range over seeds; a page is too narrow to say % three times."""
    if spread is None:
        return "-"
    if spread.least == spread.most:
        return f"{spread.mean:{form}}"
    least, most = (f"{end:{form}}".rstrip("%") for end in (spread.least, spread.most))
    return f"{spread.mean:{form}} ({least} to {most})"


def _lines(found: Findings) -> Iterator[str]:
    yield found.about
    yield (
        f"{found.visits:,} visits over {found.days} days, "
        f"seeds {', '.join(map(str, found.seeds))}; means over seeds, with their range"
    )
    yield (
        f"{'policy':12} {'worth a visit':26} {'answered':24} {'over chance':28} "
        f"{'regret ÷ chance':26} order  off"
    )
    for one in found.policies:
        known = one.learned
        yield (
            f"{one.name:12} {shown(one.worth):26} {shown(one.answered, '.1%'):24} "
            f"{shown(one.uplift, '+.1%'):28} {shown(one.relative):26} "
            f"{_share(known.in_order) if known else '-':6} "
            f"{f'{known.distance:.3f}' if known else '-'}"
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


_STYLE = """\
figure { margin-bottom: 1rem }
"""
_PAGE = framed(
    """\
<p>{{ found.about }}</p>
<p>{{ "{:,}".format(found.visits) }} visits over {{ found.days }} days; seeds
{{ found.seeds | join(", ") }}. Figures are means over seeds, with their range. Worth is by true
chances; every policy played the same visits, under the same rules and caps.</p>
<table><tr><th>policy</th><th class="figure">worth a visit</th><th class="figure">answered</th>
<th class="figure">fallback</th><th class="figure">over chance</th><th class="figure">regret</th>
<th class="figure">regret ÷ chance's</th></tr>
{% for one in found.policies %}
<tr><td>{{ one.name }}</td><td class="figure">{{ shown(one.worth) }}</td>
<td class="figure">{{ shown(one.answered, ".1%") }}</td>
<td class="figure">{{ shown(one.fallback, ".1%") }}</td>
<td class="figure">{{ shown(one.uplift, "+.1%") }}</td>
<td class="figure">{{ shown(one.regret, ",.0f") }}</td>
<td class="figure">{{ shown(one.relative) }}</td></tr>
{% endfor %}
</table>
<h2>Regret</h2>
<figure>{{ regret }}</figure>
<h2>Uplift</h2>
<figure>{{ uplift }}</figure>
<h2>Learned against true</h2>
<figure>{{ learned }}</figure>
<table><tr><th>policy</th><th class="figure">pairs of actions in the true order</th>
<th class="figure">mean distance</th></tr>
{% for one in found.policies if one.learned %}
<tr><td>{{ one.name }}</td><td class="figure">{{ share(one.learned.in_order) }}</td>
<td class="figure">{{ "%.4f" % one.learned.distance }}</td></tr>
{% endfor %}
</table>
""",
    _STYLE,
)
