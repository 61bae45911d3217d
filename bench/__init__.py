"""Every figure of docs/performance.md, measured beside its floor in one run."""
