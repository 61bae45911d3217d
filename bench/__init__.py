"""Every figure of the README, measured beside its floor in one run."""
