"""Which customer a name was last seen to mean: old maybe, so to be checked by whoever asks."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

_REMEMBERED = 100_000


class Remembered:
    """Names to ids, the oldest forgotten first."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, str] = OrderedDict()  # a dict is slow to find its first
        self._lock = Lock()
        self.get = self._ids.get

    def put(self, name: str, customer_id: str) -> None:
        """From now on it means this customer."""
        with self._lock:
            if len(self._ids) >= _REMEMBERED:
                self._ids.popitem(last=False)
            self._ids[name] = customer_id

    def drop(self, name: str) -> None:
        """It means nobody we know of."""
        with self._lock:
            self._ids.pop(name, None)
