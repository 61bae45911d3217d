"""How to blend a trained model with one that learns as it serves: by measured regret.

`python -m training.blending`, seeded. Ten offers, eight numbers of a customer. The trained model
(`fit_logistic`, crossed with every offer) has seen 3,000 offers made by chance; then comes one
visit after the other, and half-way the tastes for three of the offers change. Regret is what the
best offer's true propensity exceeds the chosen one's by.
"""
