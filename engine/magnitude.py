"""Numbers said to people: with decimals, or where that is endless by their order of magnitude."""

from __future__ import annotations

_LARGE = 1e15


def said(number: float, decimals: str, short: str) -> str:
    """`number` as the format `decimals` has it, such as `,.2f`; from 1e15 on, to either side, as
    `short` has it, such as `.1e`: it may have hundreds of digits, of which a float knows the
    first sixteen."""
    return format(number, decimals if abs(number) < _LARGE else short)
