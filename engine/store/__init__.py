"""The only room that knows Redis: customers' memory, the log of decisions, and the epoch.

One trip loads a customer, one trip commits a change; both are Lua scripts that touch one
slot. This room must not decide anything, know public JSON, or look inside a log record.
"""

from engine.store.opening import accept_epoch, open_store
from engine.store.redis import Store

__all__ = ["Store", "accept_epoch", "open_store"]
