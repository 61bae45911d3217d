"""Reward models, cross-fitted: every row is promised by a model that never saw its customer.

Without cross-fitting a model would be right about its own rows by heart, and the residuals
that doubly robust estimates rest on would be too small (Chernozhukov et al., Double/debiased
machine learning, Econometrics Journal, 2018).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from engine.errors import Misconfigured
from training.offpolicy.logged import Logged, Numbers, Vector

Kind = Literal["linear", "boosting"]
ACTION = "the action"
FOLDS = 5
LARGEST = 1e100  # of a fact that is squared and added up; one beyond it is taken for missing
MANY = 200  # categories of one column; the rarer ones are taken together


def promises(log: Logged, kind: Kind, *, folds: int = FOLDS, seed: int = 0) -> Vector:
    """q(x, a) for every row and action, shape (rows, actions), each from the other folds.

    `linear` adds up context and action; `boosting` also sees how they go together. Raises
    Misconfigured when all rows are one customer's: no others are left to learn from.
    """
    if (log.subjects == log.subjects[0]).all():
        raise Misconfigured("all rows are one customer's: there is nobody else to learn from")
    found = np.empty((len(log), len(log.names)))
    bounded = _bounded(log.contexts)
    for fold in split(log.subjects, folds, seed):
        model = reward_model(log.rewards[~fold], kind)
        # What nobody is known by teaches nothing, and trees cannot be grown on it.
        contexts = bounded.loc[:, bounded[~fold].notna().any()]
        model.fit(_with(contexts[~fold], log.actions[~fold]), log.rewards[~fold])
        for action in range(len(log.names)):
            asked = _with(contexts[fold], np.full(int(fold.sum()), action))
            found[fold, action] = predict(model, asked)
    return found


def split(subjects: Numbers, folds: int, seed: int) -> list[NDArray[np.bool_]]:
    """Masks of the rows of each fold; a customer's rows are all in one."""
    numbers, whose = np.unique(subjects, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(numbers)) % folds
    return [fold[whose] == number for number in range(min(folds, len(numbers)))]


def predict(model: Pipeline, rows: pd.DataFrame) -> Vector:
    """The reward to expect of each row; a probability where rewards are 0 or 1."""
    if not hasattr(model, "predict_proba"):
        return np.asarray(model.predict(rows), np.float64)
    return np.asarray(model.predict_proba(rows)[:, 1], np.float64)


def reward_model(rewards: Vector, kind: Kind, *, seed: int = 0) -> Pipeline:
    """An unfitted pipeline from columns to rewards, a classifier where they are 0 and 1."""
    answers = set(np.unique(rewards)) == {0.0, 1.0}
    if kind == "linear":
        return make_pipeline(_linear(), LogisticRegression(max_iter=500) if answers else Ridge())
    boosting = HistGradientBoostingClassifier if answers else HistGradientBoostingRegressor
    last: Any = boosting(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=50, random_state=seed
    )
    return make_pipeline(_ordinal(), last)


def _linear() -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    names = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MANY)
    return ColumnTransformer([("numbers", numbers, _numeric), ("names", names, _named)])


def _ordinal() -> ColumnTransformer:
    names = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    return ColumnTransformer([("names", names, _named)], remainder="passthrough")


_numeric = make_column_selector(dtype_include=["number", "bool"])
_named = make_column_selector(dtype_exclude=["number", "bool"])


def _with(contexts: pd.DataFrame, actions: Numbers) -> pd.DataFrame:
    return contexts.assign(**{ACTION: actions.astype("str")})


def _bounded(contexts: pd.DataFrame) -> pd.DataFrame:
    numbers = contexts.select_dtypes("number")
    fit = {str(name): numbers[name].where(numbers[name].abs() <= LARGEST) for name in numbers}
    return contexts.assign(**fit)
