"""The only room that knows Redis: customers' memory, the log of decisions, and the epoch.

One trip loads a customer, one trip commits a change; both are Lua scripts that touch one
slot. This room must not decide anything, know public JSON, or look inside a log record.
"""

from engine.store.change import Change, Committed, Conflict, Found, Known, Loaded, Seen
from engine.store.keys import new_decision_id, partition_of, partition_of_decision
from engine.store.opening import accept_epoch, open_store
from engine.store.redis import Store

__all__ = [
    "Change",
    "Committed",
    "Conflict",
    "Found",
    "Known",
    "Loaded",
    "Seen",
    "Store",
    "accept_epoch",
    "new_decision_id",
    "open_store",
    "partition_of",
    "partition_of_decision",
]
