"""The servers' append-only files: written anew, they hold no more than the store does.

What is deleted stays in such a file as it was once written. Deleted log entries also stay in
memory, and so in the new file, where they share a stream's node with others: hence nodes of one.
"""

from __future__ import annotations

from redis.exceptions import RedisError

from engine.store.durability import info
from engine.store.keys import rewritten_key, slot_of
from engine.store.scripts import ask, checked
from engine.store.servers import Servers

NODE_OPTION = "stream-node-max-entries"
_KEPT = (
    "what is erased from the logs stays in the store's memory and files until the logs are "
    f"trimmed, weeks later: set `{NODE_OPTION} 1`"
)


class Rewriting:
    """Every server's append-only file. Raises StoreUnavailable, also where a server refuses."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def done_for(self) -> str:
        """The `mark` it was last begun with; "" where it never was, or came to nothing."""
        if any(one.get("aof_last_bgrewrite_status") == "err" for one in self._persistence()):
            return ""
        held = ask(self._servers, slot_of(0), ("GET", rewritten_key()))
        return "" if held is None else bytes(held).decode()

    def begin(self, mark: str) -> bool:
        """Begin it wherever there is such a file, and remember `mark`; False, and nothing is
        begun, while one is being written."""
        kept = self._persistence()
        if any(_busy(one) for one in kept):
            return False
        for slot, one in zip(self._servers.one_slot_each(), kept, strict=True):
            if one.get("aof_enabled") == "1":
                checked(self._servers.write(slot, ("BGREWRITEAOF",), None))
        checked(self._servers.write(slot_of(0), ("SET", rewritten_key(), mark), None))
        return True

    def _persistence(self) -> list[dict[str, str]]:
        return [info(self._servers, of, "persistence") for of in self._servers.one_slot_each()]


def forgetting_warnings(servers: Servers) -> tuple[str, ...]:
    """What keeps a server from forgetting who was erased; nothing where it does not say."""
    for slot in servers.one_slot_each():
        answer = servers.read(slot, ("CONFIG", "GET", NODE_OPTION), None)
        if not isinstance(answer, RedisError) and answer[1] != b"1":
            return (_KEPT,)
    return ()


def _busy(persistence: dict[str, str]) -> bool:
    return "1" in (
        persistence.get("aof_rewrite_in_progress"),
        persistence.get("aof_rewrite_scheduled"),
    )
