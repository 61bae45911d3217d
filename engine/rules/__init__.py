"""The meaning of hand-written rules: conditions, decision tables and policies.

A rule is text when it arrives, a typed tree once checked, and part of one compiled
function when it serves. Everything in this room is pure: facts and times come in as
arguments, verdicts go out as values. It must not read files, ask the store, look at the
clock, log, or give an author's text to `eval`.
"""
