"""What serves just now: the catalogue, the models, a shadow beside them, and how we stand.

`served` watches for changes and takes each whole or not at all; `routed` says who decides for
whom. It must not judge a model: the gate does (`training.promotion`), and the registry keeps its
word; here it is followed.
"""
