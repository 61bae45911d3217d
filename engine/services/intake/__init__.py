"""What happened, taken in: interactions, events of other systems, tables of history.

`interactions` takes the house's own, `events` those of other systems (`hearing`: what one says,
`heard`: what all of a request do, `whose`: of whom, `settling`: committed): both hear an opt-out
though the rest be faulty. `imports` takes tables (`ways`: what is done with whose rows), of which a
faulty row is kept aside for who imports it (`lines`). It must not decide, nor say what a record
teaches: that is `engine.learn`.
"""
