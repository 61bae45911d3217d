"""The model that learns while it serves.

`learner` hears answers; `model` serves what it published, a `snapshot`. What is believed at a
moment (`belief`) is made of:

- each action's own `regressions`, on columns as `expansion` makes them;
- what is recalled of answers nearby (`recall`, by its `neighbours`, kept as `memories`);
- trees over the latest answers (`hindsight`, kept as `hindsights`: `wood`, `growing`, `tallies`,
  `ways`, `answers`);
- terms that actions share (`shared`: `moment`, `kinship`, `relative`, `shares`, `reconsidered`);
- how far what tells moments apart is believed (`temper`), and who is: an action's own answers or
  what all share (`balance`), by the `promises` they made.

It must not know where answers come from, nor where a version is kept.
"""
