"""A learner at work beside the house: its turns, its checkpoints, what it publishes.

`turns` holds the lease, so that one learner works at a time; `checkpoints` make it safe should two
(`resuming` says what one holds); `study` is the work: `reading` on in the logs, `waiting` for
answers, `publishing` snapshots where they serve. It must not decide, and what it publishes is
checked as any model is: with this room shut, the house decides on.
"""
