"""A study as a page: figures, pictures, slices. Nothing in it is fetched."""

from __future__ import annotations

from training.batch.picture import bars, calibration, gains
from training.batch.study import Study
from training.figures import Decimals
from training.offpolicy.picture import short
from training.offpolicy.report import verdict
from training.page import framed


def page(study: Study, title: str) -> str:
    """The page, with its pictures inside."""
    report, worth = study.report, study.worth
    models = {"model": report.model, **report.baselines}
    return _PAGE.render(
        title=title,
        study=study,
        report=report,
        models=models,
        policies=worth.everyone if worth else (),
        calibration=calibration(report.model, report.baselines),
        gains=gains(report.model, report.baselines),
        bars=bars(study.importance) if study.importance else "",
        worth=worth.picture() if worth else "",
        ranks=Decimals([*(one.auc for one in models.values()), report.gain["auc"]]),
        losses=Decimals([*(one.log_loss for one in models.values()), report.gain["log_loss"]]),
        earned=worth.decimals() if worth else None,
        gaps=Decimals(one.gap for one in study.slices),
        verdict=verdict,
        short=short,
    )


_STYLE = """\
.worse, .off { color: #9a3412 } .better { color: #166534 }
td.words { white-space: normal; min-width: 9rem; overflow-wrap: anywhere }
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
Intervals are 95%, over customers.
{{ (report.narrow | capitalize) ~ "." if report.narrow }}</p>
<table><tr><th></th><th class="figure">AUC</th><th></th><th class="figure">log loss</th><th></th>
<th class="figure">calibration error</th></tr>
{% for name, one in models.items() %}
<tr><td>{{ name }}</td><td class="figure">{{ ranks(one.auc) }}</td><td></td>
<td class="figure">{{ losses(one.log_loss) }}</td><td></td>
<td class="figure">{{ "%.4f" % one.calibration_error }}</td></tr>
{% endfor %}
<tr><td>model over popularity</td><td class="figure">{{ ranks(report.gain.auc) }}</td>
<td class="{{ verdict(report.gain.auc) }}">{{ verdict(report.gain.auc) }}</td>
<td class="figure">{{ losses(report.gain.log_loss) }}</td>
<td class="{{ verdict(report.gain.log_loss) }}">{{ verdict(report.gain.log_loss) }}</td>
<td></td></tr>
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
<table><tr><th>policy</th><th class="figure">rewards</th>
<th class="figure">over what was logged</th><th></th>
<th class="figure">the model over it</th><th></th></tr>
{% for one in policies %}
{% if one.refused %}
<tr><td>{{ one.name }}</td>
<td colspan="5" class="off">refused: {{ one.overlap.reasons | join("; ") }}</td></tr>
{% else %}
{% set gain = policies[0].gains[one.name] %}
<tr><td>{{ one.name }}</td><td class="figure">{{ earned(one.value) }}</td>
{% set over = one.gains.logged %}
<td class="figure">{{ earned(over) if over }}</td>
<td class="{{ verdict(over) if over }}">{{ verdict(over) if over }}</td>
<td class="figure">{{ earned(gain) if gain }}</td>
<td class="{{ verdict(gain) if gain }}">{{ verdict(gain) if gain }}</td></tr>
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
<table><tr><th>by</th><th>part</th><th class="figure">rows</th><th class="figure">promised</th>
<th class="figure">answered</th><th class="figure">answered less promised</th>
<th class="figure">AUC</th><th class="figure">log loss</th></tr>
{% for one in study.slices %}
<tr><td>{{ one.by }}</td><td class="words">{{ short(one.value) }}</td>
<td class="figure">{{ "{:,}".format(one.rows) }}</td>
<td class="figure">{{ "{:.2%}".format(one.promised) }}</td>
<td class="figure">{{ "{:.2%}".format(one.answered) }}</td>
<td class="figure {{ "off" if one.gap.low > 0 or one.gap.high < 0 }}">{{ gaps(one.gap) }}</td>
<td class="figure">{{ "%.3f" % one.auc if one.auc is not none }}</td>
<td class="figure">{{ "%.4f" % one.log_loss }}</td></tr>
{% endfor %}
</table>
""",
    _STYLE,
)
