"""What a watch found, for people: as text and as a page with its pictures inside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from training.monitoring.findings import AUC, CALIBRATION, RATE, Findings, Shift, Window
from training.monitoring.picture import actions, heat, lines
from training.page import framed
from training.report import Interval

MOST = 12

SILENT = (
    "Of no row is it known whether it was answered: in a house it is once the attribution window "
    "has closed, in a file where the mapping names `answered`."
)

_FEW_DAYS = 3 * 86_400_000


def text(found: Findings) -> str:
    """For people, in a few lines."""
    return "\n".join(_lines(found))


def page(found: Findings, title: str) -> str:
    """A page with its pictures inside; nothing is fetched."""
    return _PAGE.render(
        title=title,
        found=found,
        heat=heat(found),
        lines=lines(found),
        actions=actions(found) if found.actions else "",
        sentences=list(sentences(found)),
        silent=SILENT if silent(found) else "",
        named=named,
        shown=shown,
        span=span,
        things=things,
        measures=(RATE, CALIBRATION, AUC),
    )


def sentences(found: Findings) -> Iterator[str]:
    """One for each thing that alarmed, the most often first."""
    for name, times in found.alarms:
        worst = _worst(found, name)
        said = f": PSI up to {worst.index:.2f}, chance explains {worst.chance:.3f}" if worst else ""
        yield f"{name} alarms in {times} of {len(found.windows)} windows{said}"


def silent(found: Findings) -> bool:
    """Whether nothing is known of answers in any row."""
    return not any(window.performance for window in (found.reference, *found.windows))


def things(count: int) -> str:
    """So many things, in words."""
    return "1 thing" if count == 1 else f"{count} things"


def shown(found: Interval | None, form: str = ".3f") -> str:
    """A figure and its interval."""
    if found is None:
        return "-"
    return f"{found.value:{form}} ({found.low:{form}} to {found.high:{form}})"


def named(found: Findings, window: Window) -> str:
    """When a window was."""
    since, until = span(found, window.since), span(found, window.until)
    return since if since == until else f"{since} to {until}"


def span(found: Findings, at: int) -> str:
    """A row's time in UTC, by the day unless all of it was within a few, or its number."""
    if not found.timed:
        return f"{at:,}"
    short = found.windows[-1].until - found.reference.since < _FEW_DAYS
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%m-%d %H:%M" if short else "%Y-%m-%d")


def _worst(found: Findings, name: str) -> Shift | None:
    shifts = [shift for window in found.windows if (shift := window.of(name))]
    return max(shifts, key=lambda one: one.index, default=None)


def _lines(found: Findings) -> Iterator[str]:
    rows = sum(window.rows for window in found.windows)
    yield (
        f"{found.reference.rows:,} rows to compare with ({named(found, found.reference)}), "
        f"{rows:,} since, in {len(found.windows)} windows"
    )
    alarms = list(sentences(found))
    yield f"ALARM: {things(len(alarms))} moved" if alarms else "no alarm"
    yield from (f"  {sentence}" for sentence in alarms[:MOST])
    if len(alarms) > MOST:
        yield f"  and {len(alarms) - MOST} more"
    if silent(found):
        yield SILENT
    every = [(named(found, window), window) for window in (found.reference, *found.windows)]
    wide = max(len(when) for when, _ in every)
    yield f"{'window':{wide}} {'base rate':26} {'promised':9} {'AUC':24} {'explored':9} fallback"
    for when, window in every:
        did = window.performance
        yield (
            f"{when:{wide}} {shown(did.answered if did else None):26} "
            f"{_number(did.promised if did else None):9} {shown(did.auc if did else None):24} "
            f"{_share(window.explored):9} {_share(window.fallback)}"
        )
    yield from _astray(found)
    yield from (
        f"missing: {field.field} in {field.share:.1%} of rows ({field.before:.1%} before)"
        for field in found.missing[:MOST]
        if field.share
    )


def _astray(found: Findings) -> Iterator[str]:
    """Actions whose answers are far from what was promised, or from what they had been."""
    far = [one for one in found.actions if "alarm" in (one.verdict, one.calibration)]
    yield from (
        f"action {one.action}: answered {shown(one.answered)}, promised {_number(one.promised)}, "
        f"answered before {_number(one.before)}"
        for one in far[:MOST]
    )
    if len(far) > MOST:
        yield f"  and {len(far) - MOST} more actions"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _share(found: Interval | None) -> str:
    return "-" if found is None else f"{found.value:.1%}"


_STYLE = """\
.alarm { color: #9a3412; font-weight: 600 } .moved { color: #8a6d1a } .steady { color: #166534 }
figure { margin-bottom: 1rem }
"""
_PAGE = framed(
    """\
<p>{{ "{:,}".format(found.reference.rows) }} rows to compare with
({{ named(found, found.reference) }}), {{ found.windows | length }} windows since. Intervals are
95%, over customers. Chance alone would alarm in at most {{ "{:.0%}".format(found.level) }} of such
reports.</p>
{% if sentences %}
<p class="alarm">Alarm: {{ things(sentences | length) }} moved by more than chance, and enough to
matter.</p>
<ul>{% for sentence in sentences %}<li>{{ sentence }}</li>{% endfor %}</ul>
{% else %}
<p class="steady">No alarm.</p>
{% endif %}
{% if silent %}
<p>{{ silent }}</p>
{% endif %}
<figure>{{ lines }}</figure>
<h2>How far inputs moved</h2>
<figure>{{ heat }}</figure>
<h2>Window by window</h2>
<table><tr><th>rows</th><th class="figure">base rate</th><th class="figure">promised</th>
<th class="figure">AUC</th><th class="figure">explored</th>
<th class="figure">fallback</th>{% for name in measures %}<th>{{ name }}</th>{% endfor %}</tr>
{% for window in [found.reference] + (found.windows | list) %}
<tr><td>{{ named(found, window) }}</td>
<td class="figure">{{ shown(window.performance.answered) if window.performance else "-" }}</td>
<td class="figure">{{ "%.3f" % window.performance.promised
  if window.performance and window.performance.promised is not none else "-" }}</td>
<td class="figure">{{ shown(window.performance.auc) if window.performance else "-" }}</td>
<td class="figure">{{ "{:.1%}".format(window.explored.value) if window.explored else "-" }}</td>
<td class="figure">{{ "{:.1%}".format(window.fallback.value) if window.fallback else "-" }}</td>
{% for name in measures %}
<td class="{{ window.verdicts[name] }}">{{ window.verdicts[name] }}</td>
{% endfor %}
</tr>
{% endfor %}
</table>
{% if found.actions %}
<h2>Action by action</h2>
<figure>{{ actions }}</figure>
<table><tr><th>action</th><th class="figure">rows</th><th class="figure">answered</th>
<th class="figure">promised</th><th>calibration</th>
<th class="figure">answered before</th><th>since then</th></tr>
{% for one in found.actions %}
<tr><td>{{ one.action }}</td><td class="figure">{{ "{:,}".format(one.rows) }}</td>
<td class="figure">{{ shown(one.answered) }}</td>
<td class="figure">{{ "%.3f" % one.promised if one.promised is not none else "-" }}</td>
<td class="{{ one.calibration or "" }}">{{ one.calibration or "-" }}</td>
<td class="figure">{{ "%.3f" % one.before if one.before is not none else "not shown" }}</td>
<td class="{{ one.verdict }}">{{ one.verdict }}</td></tr>
{% endfor %}
</table>
{% endif %}
{% if found.missing %}
<h2>Fields that rules and templates ask for</h2>
<table><tr><th>field</th><th class="figure">missing</th><th class="figure">before</th><th></th></tr>
{% for one in found.missing %}
<tr><td>{{ one.field }}</td><td class="figure">{{ "{:.1%}".format(one.share) }}</td>
<td class="figure">{{ "{:.1%}".format(one.before) }}</td>
<td>{{ "nobody sends it" if one.share == 1 }}</td></tr>
{% endfor %}
</table>
{% endif %}
""",
    _STYLE,
)
