"""A learner beside the house: what it is taught, and that nothing counts twice or is lost."""
