"""Ways of estimating a propensity, one algorithm a file.

Pure: given facts, a model answers with numbers. It may not read files, Redis, clocks or
chance, and never decides whether an action may be offered: that is the rules' business.
"""
