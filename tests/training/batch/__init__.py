"""Training a version: from what happened to a report."""
