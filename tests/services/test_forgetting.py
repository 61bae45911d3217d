"""After an erasure, the customer is in no file of the data directory (I12)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs

from engine.bootstrap import Application, assemble
from engine.partitions import partition_of
from engine.services.privacy.forgetting import Forgetting
from engine.services.privacy.lines import Proof
from engine.services.privacy.tombstones import Tombstones
from engine.settings import Settings
from engine.store import Store, open_store
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import DecisionBody, PlacementBody
from engine.wire.identities import CustomerBody
from engine.wire.one_interaction import InteractionBody
from tests.http.catalogue import written
from tests.store.conftest import until

CANARY = "canary-7f3a"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Application]:
    """A server of our own, in the data directory."""
    data = tmp_path / "data"
    with open_store(None, data) as store:
        yield assemble(Settings(written(tmp_path), data), store)


def holding(data: Path) -> list[str]:
    """The files that spell the canary."""
    files = [path for path in data.rglob("*") if path.is_file()]
    return [path.name for path in files if CANARY in path.name or CANARY.encode() in read(path)]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def live(house: Application, customer: str) -> None:
    """All that leaves a trace: consent, a decision, an interaction."""
    patch = CustomerPatchBody({"plan": "basic"}, {"marketing": "granted"})
    house.customers.change(customer, patch)
    ask = DecisionBody(CustomerBody(customer), "web", [PlacementBody("home.hero")])
    house.decisions.answer(ask, None, False)
    row = InteractionBody(f"{customer}-visit", CustomerBody(customer), type="visit")
    house.interactions.take_in([row])


def server_of(data: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(data / "redis" / "redis.sock"))


def rewritten(server: redis.Redis, data: Path) -> bool:
    """Whether the server is through with its new file, and has let the old ones go."""
    busy = server.info("persistence")["aof_rewrite_in_progress"]
    files = [path.name for path in (data / "redis" / "appendonlydir").iterdir()]
    return not busy and len(files) == 3 and "appendonly.aof.1.incr.aof" not in files


def neighbour(customer: str) -> str:
    """Somebody whose records are in the same log, between theirs."""
    names = (f"bystander-{number}" for number in count())
    return next(name for name in names if partition_of(name) == partition_of(customer))


def test_after_an_erasure_and_a_turn_of_the_upkeep_no_file_holds_the_customer(
    house: Application, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with server_of(data) as server:
        server.config_set("rdbcompression", "no")  # or words are not found in the file
    beside = neighbour(f"{CANARY}-elder")
    for customer in (beside, f"{CANARY}-elder", beside, f"{CANARY}-younger"):
        live(house, customer)
    for customer in (f"{CANARY}-elder", f"{CANARY}-younger"):
        house.linking.link(customer, f"email:{CANARY}@example.com")
    assert house.keeper.catch_up()
    assert holding(data)

    house.privacy.erase(f"{CANARY}-younger")
    assert house.keeper.catch_up()

    with server_of(data) as server:
        until(lambda: rewritten(server, data))
    assert not holding(data)
    assert house.customers.view(beside).attributes == {"plan": "basic"}


def test_the_file_is_written_anew_only_after_an_erasure_and_at_most_hourly(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(store.rewriting, "begin", lambda mark: begun.append(mark) or True)
    tombstones = Tombstones(tmp_path, b"key")
    turn = Forgetting(tombstones, store.rewriting).turn
    turn()
    assert begun == []
    for proof in ("one", "two"):
        tombstones.write(Proof(proof, "2026-11-22T09:00:00.000Z", (), {}))
        turn()
        turn()
    assert len(begun) == 1
    Forgetting(tombstones, store.rewriting).turn()  # an hour later, or another process
    assert len(begun) == 2


def test_what_was_written_anew_is_not_written_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tombstones = Tombstones(tmp_path, b"key")
    tombstones.write(Proof("one", "2026-11-22T09:00:00.000Z", (), {}))
    turn = Forgetting(tombstones, store.rewriting).turn

    def done() -> bool:
        turn()
        return store.rewriting.done_for() == str(tombstones.size())

    until(done)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(store.rewriting, "begin", lambda _: pytest.fail("written again"))
        Forgetting(tombstones, store.rewriting).turn()


def test_a_server_that_may_not_be_asked_is_told_of_and_upkeep_goes_on(
    server_url: str, tmp_path: Path
) -> None:
    tombstones = Tombstones(tmp_path, b"key")
    tombstones.write(Proof("one", "2026-11-22T09:00:00.000Z", (), {}))
    with redis.Redis.from_url(server_url) as admin:
        admin.execute_command("ACL SETUSER guest on >pass ~* &* +@all -bgrewriteaof")
        try:
            url = server_url.replace("unix://", "unix://guest:pass@")
            with open_store(url, tmp_path / "data") as store, capture_logs() as said:
                turn = Forgetting(tombstones, store.rewriting).turn
                until(lambda: turn() or bool(said))  # it may be at the last test's still
        finally:
            admin.execute_command("ACL DELUSER guest")
    (warning,) = said
    assert "BGREWRITEAOF" in warning["event"]
    assert "permission" in warning["error"]
