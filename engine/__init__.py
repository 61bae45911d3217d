"""Teller's engine: one pure decision function and the shell that feeds it."""
