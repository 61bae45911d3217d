"""An erasure while customers are linked and merged: nobody erased stays readable (I12)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import redis

from engine.bootstrap import Application, assemble
from engine.errors import IdentityShared, NotFound, StoreUnavailable
from engine.partitions import partition_of
from engine.services.people.linking import Linking
from engine.services.privacy.tombstones import Tombstones
from engine.settings import Settings
from engine.store import Store
from engine.store.erasure import Erasure
from engine.store.keys import fenced_key
from engine.wire.customers import CustomerPatchBody
from engine.wire.privacy import ProofReply
from tests.http.catalogue import written


@pytest.fixture
def house(tmp_path: Path, store: Store) -> Iterator[Application]:
    yield assemble(Settings(written(tmp_path), tmp_path / "data"), store)


def known(house: Application, customer: str, **attributes: str) -> None:
    house.customers.change(customer, CustomerPatchBody(dict(attributes), {}))


def gone(house: Application, customer: str) -> bool:
    try:
        house.customers.view(customer)
    except NotFound:
        return True
    return False


def before_the_first(
    monkeypatch: pytest.MonkeyPatch, owner: type, verb: str, act: Callable[[], object]
) -> None:
    """Something happens right before a verb is called for the first time."""
    real = getattr(owner, verb)

    def after(*args: object, **options: object) -> object:
        monkeypatch.setattr(owner, verb, real)
        act()
        return real(*args, **options)

    monkeypatch.setattr(owner, verb, after)


@pytest.mark.parametrize(("owner", "verb"), [(Tombstones, "write"), (Erasure, "forget")])
@pytest.mark.parametrize("erased", ["elder", "younger"])
def test_whoever_is_merged_with_the_erased_meanwhile_is_erased_too(
    house: Application,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    verb: str,
    erased: str,
) -> None:
    known(house, "elder", plan="plus")
    known(house, "younger", first_name="Ana")
    house.linking.link("younger", "email:ana@example.com")

    def merge() -> None:
        house.merges.merge(store.load("elder").state, store.load("younger").state)

    before_the_first(monkeypatch, owner, verb, merge)

    proof = house.privacy.erase(erased)

    assert gone(house, "elder")
    assert gone(house, "younger")
    assert len(proof.tombstones) == 2
    with pytest.raises(NotFound):
        house.linking.find("email:ana@example.com")


def test_a_change_meanwhile_does_not_keep_a_customer_from_being_erased(
    house: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(house, "ana", plan="basic")
    before_the_first(monkeypatch, Erasure, "forget", lambda: known(house, "ana", plan="plus"))
    house.privacy.erase("ana")
    assert gone(house, "ana")


def test_an_identity_linked_while_its_customer_is_erased_is_not_left_behind(
    house: Application, monkeypatch: pytest.MonkeyPatch, server_url: str
) -> None:
    known(house, "ana", plan="basic")
    before_the_first(monkeypatch, Linking, "_point", lambda: house.privacy.erase("ana"))
    house.linking.link("ana", "email:ana@example.com")
    with redis.Redis.from_url(server_url) as server:
        assert not [key for key in server.scan_iter() if b"ana@example.com" in key]


def test_an_earlier_proof_does_not_answer_for_an_erasure_cut_short(
    house: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(house, "younger", plan="basic")
    earlier = house.privacy.erase("younger")
    for customer in ("elder", "younger"):
        known(house, customer, plan="plus")
        house.linking.link(customer, "loyalty:1")
    real = Erasure.forget

    def down(self: Erasure, customer_id: str, *args: int) -> object:
        if customer_id == "elder":
            raise StoreUnavailable("down")
        return real(self, customer_id, *args)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Erasure, "forget", down)
        with pytest.raises(StoreUnavailable):
            house.privacy.erase("younger")
    assert house.privacy.erase("younger").proof_id != earlier.proof_id
    assert gone(house, "elder")


def test_an_erasure_sent_again_while_the_first_runs_waits_for_its_proof_and_searches_nothing(
    house: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(house, "ana")
    alone = Tombstones.alone
    came = threading.Event()
    searched: list[str] = []
    real = Erasure.customers

    def arriving(self: Tombstones, customer_id: str) -> AbstractContextManager[None]:
        came.set()
        return alone(self, customer_id)

    def searching(self: Erasure) -> Iterator[str]:
        searched.append("the whole store")
        return real(self)

    with ThreadPoolExecutor() as others:
        again: list[Future[ProofReply]] = []

        def sent_again() -> None:
            monkeypatch.setattr(Tombstones, "alone", arriving)
            again.append(others.submit(house.privacy.erase, "ana"))
            assert came.wait(10)

        before_the_first(monkeypatch, Erasure, "forget", sent_again)
        monkeypatch.setattr(Erasure, "customers", searching)
        proof = house.privacy.erase("ana")
        assert again[0].result(10) == proof
    assert not searched


def test_a_fence_left_in_the_list_is_gone_with_the_customer(
    house: Application, store: Store, server_url: str
) -> None:
    known(house, "ana")
    with redis.Redis.from_url(server_url) as server:
        server.sadd(fenced_key(partition_of("ana")), "ana")  # as a restore may leave it
    house.privacy.erase("ana")
    assert store.identities.fenced() == []


def test_an_identity_set_apart_is_gone_with_the_last_customer_named_with_it(
    house: Application, server_url: str
) -> None:
    family = [f"p-{number}" for number in range(4)]  # one over the limit
    for customer in family[:-1]:
        house.linking.link(customer, "loyalty:family")
    with pytest.raises(IdentityShared):
        house.linking.link(family[-1], "loyalty:family")
    assert house.linking.shared().identities == ["loyalty:family"]
    for customer in family:
        house.privacy.erase(customer)
        assert house.linking.shared().identities == []  # few enough share what is left
    with redis.Redis.from_url(server_url) as server:
        assert not [key for key in server.scan_iter() if b"loyalty:family" in key]
