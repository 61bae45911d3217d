"""A learner at work beside the house: its turns, its checkpoints, what it publishes."""
