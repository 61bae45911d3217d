"""Learning from what was decided: dataset, fit, report.

May use scikit-learn, pandas and joblib, the engine's pure rooms, its registry and store.
Nothing in the engine imports it, and it never touches what serves: it hands an artefact
and honest figures to the registry, and people promote.
"""
