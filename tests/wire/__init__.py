"""Public JSON: what is read and what is written."""
