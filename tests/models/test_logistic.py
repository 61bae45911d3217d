"""Facts about logistic propensities: they agree with scikit-learn's, and bad ones are refused."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from engine.domain import Facts
from engine.errors import ModelRefused
from engine.models.encoder import Encoder
from engine.models.features import Category, Feature, Members, Number
from engine.models.kinds import parse_model
from engine.models.logistic import LogisticArtefact, LogisticModel, Term
from tests.models.builders import AGE, FEATURES, PLAN, SPEND, an_action, facts

PLANS = ["basic", "fibre", "plus"]
STRANGER: dict[Hashable, Any] = {"age": np.nan, "spend": 1e4, "plan": "satellite"}
OFFERS = [f"offer-{i}" for i in range(6)]


def table(rng: np.random.Generator, rows: int = 400) -> pd.DataFrame:
    made = pd.DataFrame(
        {
            "age": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(45, 12, rows)),
            "spend": rng.gamma(2, 80, rows),
            "plan": rng.choice(PLANS, rows),
            "action": rng.choice(OFFERS, rows),
        }
    )
    drift = made["spend"] / 100 - (made["plan"] == "basic") - made["action"].str[-1].astype(int) / 4
    made["label"] = rng.random(rows) < 1 / (1 + np.exp(-drift))
    return made


def fitted(data: pd.DataFrame, strength: float) -> Any:
    """As a data scientist would without us: scaled, imputed with an indicator, one-hot."""
    numbers = make_pipeline(
        StandardScaler(), SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True)
    )
    columns = make_column_transformer(
        (numbers, ["age", "spend"]),
        (OneHotEncoder(handle_unknown="ignore"), ["plan", "action"]),
    )
    pipeline = make_pipeline(columns, LogisticRegression(C=strength, max_iter=1000))
    return pipeline.fit(data[["age", "spend", "plan", "action"]], data["label"])


def translated(pipeline: Any) -> LogisticArtefact:
    """The pipeline's parameters, in our words."""
    scaler = pipeline[0].named_transformers_["pipeline"][0]
    age, spend, age_missing, *others = pipeline[-1].coef_[0].tolist()
    (mean, spend_mean), (scale, spend_scale) = scaler.mean_.tolist(), scaler.scale_.tolist()
    return LogisticArtefact(
        features=(
            Feature("age", "customer.age", Number(mean, scale, mean, indicator=True)),
            Feature("spend", "customer.spend", Number(spend_mean, spend_scale)),
            Feature("plan", "customer.plan", Category(tuple(PLANS))),
        ),
        intercept=float(pipeline[-1].intercept_[0]),
        coefficients=(age, age_missing, spend, *others[:3]),
        id={offer: Term(weight) for offer, weight in zip(OFFERS, others[3:], strict=True)},
    )


@pytest.mark.parametrize("seed", range(12))
def test_serving_agrees_with_a_scikit_learn_pipeline(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = table(rng)
    pipeline = fitted(data, strength=float(10 ** rng.uniform(-2, 2)))
    predictor = LogisticModel(translated(pipeline), "v").bind([an_action(o) for o in OFFERS])
    customers = [*data[["age", "spend", "plan"]].head(20).to_dict("records"), STRANGER]
    for row in customers:
        customer = {str(name): value for name, value in row.items()}
        theirs = pipeline.predict_proba(pd.DataFrame([{**customer, "action": o} for o in OFFERS]))
        ours = predictor.predict(facts(customer)).propensities
        np.testing.assert_allclose(ours, theirs[:, 1], rtol=0, atol=1e-9)


ARTEFACT = LogisticArtefact(
    features=FEATURES,
    intercept=-1.0,
    coefficients=tuple(np.linspace(-1, 1, len(Encoder(FEATURES).columns)).tolist()),
    id={"saver": Term(0.5)},
    group={"savings": Term(0.25, (1.5,))},
    kind={"offer": Term(-0.125, (0.1, 0.2, 0.3))},
)
ANA = facts({"age": 60, "spend": 250.0, "plan": "plus", "tags": ["vip"]}, {"page": "/pay"})


def logit(artefact: LogisticArtefact, who: Facts, group: str | None, id: str, kind: str) -> float:
    """The definition, term by term."""
    x = Encoder(artefact.features).encode(who)
    spend, plan = (Encoder(artefact.features).spans[f.name] for f in (SPEND, PLAN))
    z = artefact.intercept + sum(w * v for w, v in zip(artefact.coefficients, x, strict=True))
    for terms, value, crossed in (
        (artefact.id, id, ()),
        (artefact.group, group, spend),
        (artefact.kind, kind, plan),
    ):
        term = terms.get(value or "", None)
        if term is not None:
            z += term.intercept + sum(
                s * x[column] for s, column in zip(term.slopes, crossed, strict=True)
            )
    return z


def test_the_folded_sum_is_the_definition() -> None:
    actions = [
        an_action("isa", "savings"),
        an_action("loan", "loans"),
        an_action("note", None, "message"),
        an_action("saver", "savings"),
    ]
    found = LogisticModel(ARTEFACT, "v").bind(actions).predict(ANA)
    wanted = [logit(ARTEFACT, ANA, a.group, a.id, a.kind) for a in actions]
    np.testing.assert_allclose(found.propensities, 1 / (1 + np.exp(-np.array(wanted))), atol=1e-12)
    assert found.features == tuple(Encoder(FEATURES).encode(ANA))


def test_an_action_never_seen_starts_from_its_kin() -> None:
    predictor = LogisticModel(ARTEFACT, "v").bind(
        [an_action("new", "savings"), an_action("other", "savings"), an_action("saver", "savings")]
    )
    new, other, saver = predictor.predict(ANA).propensities
    assert new == other < saver


def test_what_matches_the_action_weighs_for_that_action_alone() -> None:
    likes = Feature("likes", "customer.likes", Members(("isa", "loan")), match="id")
    model = LogisticModel(LogisticArtefact((likes,), 0.0, (0.0, 0.0), match={"likes": 2.0}), "v")
    predictor = model.bind([an_action("isa"), an_action("loan"), an_action("new")])
    assert predictor.predict(facts({"likes": ["loan", "new"]})).propensities.tolist() == [
        0.5,
        pytest.approx(1 / (1 + np.exp(-2.0))),
        0.5,
    ]


def test_the_steepest_model_still_gives_probabilities() -> None:
    steep = LogisticArtefact((AGE,), 0.0, (1e6, 0.0), id={"b": Term(-1e6)})
    predictor = LogisticModel(steep, "v").bind([an_action("a"), an_action("b")])
    with np.errstate(all="raise", under="ignore"):
        low = predictor.predict(facts({"age": -1e6})).propensities
        high = predictor.predict(facts({"age": 1e6})).propensities
    assert low.max() < 1e-300
    assert high.min() == 1.0


def changed(**fields: object) -> bytes:
    return json.dumps({**msgspec.to_builtins(ARTEFACT), **fields}).encode()


def wide(columns: int) -> object:
    values = tuple(range(columns))
    return msgspec.to_builtins(Feature("x", "customer.x", Category(values)))


@pytest.mark.parametrize(
    ("artefact", "complaint"),
    [
        (changed(intercept=float("nan")), "not a logistic"),
        (changed(intercept=float("inf")), "not a logistic"),
        (changed(intercept=1e7).replace(b"10000000.0", b"1e999"), "not a logistic"),
        (changed(intercept=1e7), "beyond"),
        (changed(coefficients=[1.0]), "1 numbers where"),
        (changed(group={"savings": {"slopes": [1.0, 2.0]}}), "group 'savings' slopes"),
        (changed(features=[{"name": "x", "source": "os.environ"}]), "not a logistic"),
        (changed(features=[wide(3_000)], group={}, kind={}), "3,000 columns; at most"),
        (changed(match={"nothing": 1.0}), "no feature 'nothing' with a match"),
        (changed(match={"age": 1e9}), "beyond"),
        (changed(type="teller.logistic.99"), "not a logistic"),
        (changed(extra=1), "extra"),
        (b"[" * 100_000, "not a logistic"),
        (b"\x80\x04pickle", "not a logistic"),
        (b"", "not a logistic"),
    ],
)
def test_an_unfit_artefact_is_refused(artefact: bytes, complaint: str) -> None:
    with pytest.raises(ModelRefused) as refused:
        parse_model("logistic", artefact)
    assert complaint in str(refused.value)


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(ModelRefused, match="did you mean logistic"):
        parse_model("logistics", b"{}")
