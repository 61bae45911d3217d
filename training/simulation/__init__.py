"""Customers whose true answers are known, deciding with the real engine: what does it gain?

The engine is driven as any caller would, in process or over HTTP; it never sees the truth.
Nothing here is a forecast: a simulated world is as good as its assumptions, which it states.
"""
