"""What happened, taken in: interactions, events of other systems, tables of history."""
