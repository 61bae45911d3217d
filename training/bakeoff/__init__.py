"""The bake-off: classification sets played as contextual bandits, ours against others.

A row is a context, its label the one action that is rewarded; only the chosen action's reward
is seen, and the loss is the share of wrong choices over one pass (progressive validation;
Bietti, Agarwal and Langford, A Contextual Bandit Bake-off, JMLR 2021). What plays for us is
the engine's own learner and exploration, at their one setting. It must not tune anything.
"""
