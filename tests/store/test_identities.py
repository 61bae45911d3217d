"""What any server we support must do for identities and merges; each verb touches one slot."""

from __future__ import annotations

from pathlib import Path

from engine.change import Committed, Conflict, Seen
from engine.codec import pack_attributes, pack_names
from engine.store import Store, open_store
from tests.store.builders import DAY, change
from tests.store.merging import merging

SEEN = Seen("m-1", b"digest", b"answer")


def created(store: Store, customer: str, **fields: object) -> None:
    assert isinstance(store.commit(change(store.load(customer), **fields)), Committed)


def test_an_identity_points_where_it_was_pointed_unless_it_changed(any_store: Store) -> None:
    identities = any_store.identities
    assert identities.pointer("email:a@b") is None
    assert identities.point("email:a@b", None, b"one")
    assert not identities.point("email:a@b", None, b"two")
    assert identities.pointer("email:a@b") == b"one"
    assert identities.point("email:a@b", b"one", None)
    assert identities.pointer("email:a@b") is None


def test_shared_identities_of_every_partition_are_listed_until_pointed_again(
    any_store: Store,
) -> None:
    names = sorted(f"cookie:{number}" for number in range(40))
    for name in names:
        any_store.identities.point(name, None, b"x", shared=True)
    assert any_store.identities.shared() == names
    any_store.identities.point(names[0], b"x", b"y")
    assert any_store.identities.shared() == names[1:]


def test_a_customer_gets_a_subject_with_the_first_change_and_keeps_it(any_store: Store) -> None:
    created(any_store, "ana")
    subject = any_store.load("ana").state.subject
    created(any_store, "ana")
    assert len(subject) == 32
    assert any_store.load("ana").state.subject == subject
    created(any_store, "rui")
    assert any_store.load("rui").state.subject != subject


def test_who_a_customer_is_never_gets_into_a_decisions_record(any_store: Store) -> None:
    created(any_store, "ana", sections={"identities": pack_names(["email:a@b"])})
    loaded = any_store.load("ana")
    assert loaded.state.identities == ("email:a@b",)
    assert not {"identities", "subject"} & loaded.packed.keys()


def test_a_fenced_customer_takes_no_change_but_a_record_alone(any_store: Store) -> None:
    created(any_store, "rui")
    before = any_store.load("rui")
    assert any_store.identities.fence("rui", "ana")
    assert not any_store.identities.fence("rui", "eva")
    assert any_store.load("rui").fence == "ana"
    assert isinstance(any_store.commit(change(before)), Conflict)
    keyed = change(before, revision=None, sections={}, seen=[SEEN])
    assert isinstance(any_store.commit(keyed), Conflict)
    alone = change(before, revision=None, sections={})
    assert isinstance(any_store.commit(alone), Committed)
    assert any_store.identities.fenced() == ["rui"]


def test_nobody_is_fenced_who_does_not_exist(any_store: Store) -> None:
    assert not any_store.identities.fence("rui", "ana")
    assert any_store.load("rui").fence is None


def test_a_survivor_that_changed_takes_nobody_in(any_store: Store) -> None:
    created(any_store, "ana")
    sections = {"attributes": pack_attributes({"plan": "plus"})}
    now = any_store.load("ana").now
    created(any_store, "ana")
    assert not any_store.identities.fold("ana", 1, now, sections, b"merge", [{}] * 5)
    assert any_store.identities.fold("ana", 2, now, sections, b"merge", [{}] * 5)
    state = any_store.load("ana").state
    assert (state.revision, state.attributes) == (3, {"plan": "plus"})


def test_a_merge_takes_idempotency_keys_along_and_leaves_a_redirect(any_store: Store) -> None:
    created(any_store, "ana")
    created(any_store, "rui", seen=[SEEN, SEEN._replace(key="m-2")])
    merges = merging(any_store)
    merges.merge(any_store.load("ana").state, any_store.load("rui").state)
    assert any_store.load("ana", ["m-1", "m-2", "m-3"]).seen == [
        SEEN,
        SEEN._replace(key="m-2"),
        None,
    ]
    gone = any_store.load("rui", ["m-1"])
    assert (gone.redirect, gone.state.revision, gone.seen) == ("ana", 0, [None])
    assert isinstance(any_store.commit(change(gone)), Conflict)


def test_a_customer_settled_late_under_an_id_used_anew_is_left_alone(any_store: Store) -> None:
    created(any_store, "rui")
    any_store.identities.fence("rui", "ana")
    now = any_store.load("rui").now
    assert not any_store.identities.settle("rui", "another subject", "ana", now)
    assert any_store.load("rui").fence == "ana"
    subject = any_store.load("rui").state.subject
    assert any_store.identities.settle("rui", subject, None, now)
    assert any_store.load("rui").fence is None


def test_merges_between_all_partitions_are_swept_on_a_cluster(
    cluster_url: str, tmp_path: Path
) -> None:
    with open_store(cluster_url, tmp_path / "data") as store:
        for number in range(20):
            created(store, f"a-{number}")
            created(store, f"b-{number}", clock=store.load(f"b-{number}").now + DAY)
            store.identities.fence(f"b-{number}", f"a-{number}")
        assert merging(store).sweep() == 20
        assert [store.load(f"b-{number}").redirect for number in range(20)] == [
            f"a-{number}" for number in range(20)
        ]
        assert store.identities.fenced() == []
