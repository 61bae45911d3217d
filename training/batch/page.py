"""A study as a page: figures, pictures, slices. Nothing in it is fetched."""

from __future__ import annotations

from markupsafe import Markup

from training.batch.picture import bars, calibration, gains
from training.batch.study import Study
from training.offpolicy.picture import Bar, picture
from training.offpolicy.report import Evaluation, shown, verdict
from training.page import framed


def page(study: Study, title: str) -> str:
    """The page, with its pictures inside."""
    report, worth = study.report, study.worth
    return _PAGE.render(
        title=title,
        study=study,
        report=report,
        policies=[*worth.policies, *worth.baselines] if worth else [],
        calibration=calibration(report.model, report.baselines),
        gains=gains(report.model, report.baselines),
        bars=bars(study.importance) if study.importance else "",
        worth=_earned(worth) if worth else "",
        shown=shown,
        verdict=verdict,
    )


def _earned(worth: Evaluation) -> Markup:
    lines = [Bar("logged", worth.logged, False)]
    for known, policies in ((False, worth.policies), (True, worth.baselines)):
        lines += [Bar(one.name, None if one.refused else one.value, known) for one in policies]
    return picture(lines)


_STYLE = """\
.worse, .off { color: #9a3412 } .better { color: #166534 }
.pair { display: flex; flex-wrap: wrap; gap: 1rem }
"""
_PAGE = framed(
    """\
<p>A {{ report.kind }} model of {{ "{:,}".format(report.training_rows) }} rows
({{ "{:,}".format(report.training_positive) }} answered), measured on
{{ "{:,}".format(report.test_rows) }} later rows of {{ "{:,}".format(report.test_customers) }}
customers, {{ "{:.2%}".format(report.test_positive / report.test_rows) }} of them answered.
{{ study.weighted }} Chosen on the latest fifth of the training rows:
{% for name, value in report.choices.items() -%}
{{ "per action" if name == "own" else name }}
{{ ("yes" if value else "no") if value is boolean else value }}{{ "; " if not loop.last }}
{%- endfor %}.
Intervals are 95%, over customers.</p>
<table><tr><th></th><th>AUC</th><th>log loss</th><th>calibration error</th></tr>
{% for name, one in dict(model=report.model, **report.baselines).items() %}
<tr><td>{{ name }}</td><td>{{ shown(one.auc) }}</td><td>{{ shown(one.log_loss) }}</td>
<td>{{ "%.4f" % one.calibration_error }}</td></tr>
{% endfor %}
<tr><td>model over popularity</td><td class="{{ verdict(report.gain.auc) }}">
{{ shown(report.gain.auc) }}: {{ verdict(report.gain.auc) }}</td>
<td class="{{ verdict(report.gain.log_loss) }}">
{{ shown(report.gain.log_loss) }}: {{ verdict(report.gain.log_loss) }}</td><td></td></tr>
</table>
<p><b>constant</b> promises everyone the same; <b>popularity</b> knows each action's rate and no
customer. A model that does not gain over popularity has not shown that it knows anyone.</p>
<div class="pair">
<figure><figcaption>Calibration, by tenths</figcaption>{{ calibration }}</figure>
<figure><figcaption>Gains</figcaption>{{ gains }}</figure>
</div>
<h2>What choosing by it would have earned</h2>
{% if policies %}
<p>Reward a decision in the first slot of a placement, estimated from the test rows; the same
action for everyone is the least a model must beat. By propensity alone: rules, values and caps
are not applied.</p>
<figure>{{ worth }}</figure>
<table><tr><th>policy</th><th>value</th><th>over what was logged</th>
<th>the model over it</th></tr>
{% for one in policies %}
{% if one.refused %}
<tr><td>{{ one.name }}</td>
<td colspan="3" class="off">refused: {{ one.overlap.reasons | join("; ") }}</td></tr>
{% else %}
<tr><td>{{ one.name }}</td><td>{{ shown(one.value) }}</td>
<td class="{{ verdict(one.gains.logged) }}">
{{ shown(one.gains.logged) }}: {{ verdict(one.gains.logged) }}</td>
{% set gain = policies[0].gains[one.name] %}
<td class="{{ verdict(gain) if gain }}">
{% if gain %}{{ shown(gain) }}: {{ verdict(gain) }}{% endif %}</td></tr>
{% endif %}
{% endfor %}
</table>
{% else %}
<p>Unknown: nobody knows with which chance each action was chosen.</p>
{% endif %}
{% if study.importance %}
<h2>What it rests on</h2>
<figure>{{ bars }}</figure>
{% endif %}
<h2>Slices</h2>
<p>Parts of the test rows, the largest of each cut. Marked where the interval of answered less
promised leaves out zero: there the model is off. Of many slices some are by chance alone.</p>
<table><tr><th>by</th><th>part</th><th>rows</th><th>promised</th><th>answered</th>
<th>answered less promised</th><th>AUC</th><th>log loss</th></tr>
{% for one in study.slices %}
<tr><td>{{ one.by }}</td><td>{{ one.value }}</td><td>{{ "{:,}".format(one.rows) }}</td>
<td>{{ "{:.2%}".format(one.promised) }}</td><td>{{ "{:.2%}".format(one.answered) }}</td>
<td class="{{ "off" if one.gap.low > 0 or one.gap.high < 0 }}">{{ shown(one.gap) }}</td>
<td>{{ "%.3f" % one.auc if one.auc is not none }}</td><td>{{ "%.4f" % one.log_loss }}</td></tr>
{% endfor %}
</table>
""",
    _STYLE,
)
