"""Teller's engine: one pure decision function and the shell that feeds it."""

import os

# Before numpy is loaded: its matrices are small here, and threads would wait for each other.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
