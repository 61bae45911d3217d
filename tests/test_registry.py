"""Facts about the models kept on disk: verified before parsed, never lost, swapped whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from engine.errors import ModelRefused, NotFound, StoreUnavailable
from engine.files import kept_key
from engine.models.beta import BetaArtefact
from engine.registry import LARGEST_ARTEFACT, Registry
from engine.registry import registry as registry_module
from engine.registry.manifest import signature
from engine.store import Store


def a_prior(rate: float) -> bytes:
    return msgspec.json.encode(BetaArtefact(base_rate=rate))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def home(tmp_path: Path, digest: str) -> Path:
    return tmp_path / "models" / "response" / digest.removeprefix("sha256:")


@pytest.fixture
def published(registry: Registry) -> str:
    return registry.publish("response", "beta", a_prior(0.1), {"auc": 0.7})


def test_what_is_published_is_loaded_under_its_digest(registry: Registry, published: str) -> None:
    model = registry.load("response", published)
    assert (model.kind, model.version) == ("beta", published)
    assert registry.manifest("response", published).metadata == {"auc": 0.7}
    assert registry.manifest("response", published).libraries.keys() >= {"numpy", "msgspec"}
    assert (registry.names(), registry.versions("response")) == (["response"], [published])


def test_an_alias_of_a_model_there_is_none_of_names_the_nearest(
    registry: Registry, published: str
) -> None:
    assert registry.versions("response") == [published]
    with pytest.raises(NotFound, match="no model 'respnse', did you mean 'response'"):
        registry.resolve("respnse", "learned")
    with pytest.raises(NotFound, match="has no learned: its learner has to learn first"):
        registry.resolve("response", "learned")


def test_publishing_the_same_twice_keeps_one_version(registry: Registry, published: str) -> None:
    assert registry.publish("response", "beta", a_prior(0.1), {"auc": 0.7}) == published
    assert registry.versions("response") == [published]


def test_other_metadata_is_another_version(registry: Registry, published: str) -> None:
    assert registry.publish("response", "beta", a_prior(0.1), {"auc": 0.8}) != published


@pytest.fixture
def unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, parsing anything at all fails the test."""

    def never(*_: object) -> None:
        raise AssertionError("parsed before it was verified")

    monkeypatch.setattr(registry_module, "parse_model", never)


@pytest.mark.usefixtures("unparsed")
@pytest.mark.parametrize("file", ["artefact", "manifest.json"])
@pytest.mark.parametrize(
    "how", ["other bytes", "longer", "shorter", "huge", "linked", "gone", "pipe"]
)
def test_tampering_is_refused_before_parsing(
    registry: Registry, tmp_path: Path, file: str, how: str
) -> None:
    digest = planted(tmp_path)
    path = home(tmp_path, digest) / file
    content = path.read_bytes()
    path.unlink()
    if how == "other bytes":
        path.write_bytes(content.replace(b"1", b"2"))
    elif how == "longer":
        path.write_bytes(content + b" ")
    elif how == "shorter":
        path.write_bytes(content[:-1])
    elif how == "huge":
        path.touch()
        os.truncate(path, LARGEST_ARTEFACT + 1)
    elif how == "linked":
        (tmp_path / "elsewhere").write_bytes(content)
        path.symlink_to(tmp_path / "elsewhere")
    elif how == "pipe":
        os.mkfifo(path)
    with pytest.raises(ModelRefused):
        registry.load("response", digest)


def planted(tmp_path: Path, **changes: object) -> str:
    """A version written by hand, bit for bit as `publish` would, but for `changes`."""
    artefact = a_prior(0.1)
    manifest = {
        "type": "teller.model.1",
        "name": "response",
        "kind": "beta",
        "size": len(artefact),
        "sha256": sha256(artefact).hexdigest(),
        **changes,
    }
    written = msgspec.json.encode(manifest)
    digest = f"sha256:{sha256(written).hexdigest()}"
    home(tmp_path, digest).mkdir(parents=True)
    (home(tmp_path, digest) / "manifest.json").write_bytes(written)
    (home(tmp_path, digest) / "artefact").write_bytes(artefact)
    signed = signature(kept_key(tmp_path, "model"), "response", digest)
    (home(tmp_path, digest) / "signature").write_bytes(signed)
    return digest


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": "churn"}, "published as 'churn'"),
        ({"type": "somebody.else.1"}, "no manifest of ours"),
        ({"kind": "pickle"}, "no kind of model 'pickle'"),
        ({"code": "import os"}, "no manifest of ours"),
        ({"libraries": {"numpy": "0.1"}, "exact": ["numpy"]}, "install numpy==0.1"),
        ({"libraries": {"treelite": "4"}, "exact": ["treelite"]}, "here is none"),
    ],
)
def test_a_foreign_version_is_refused(
    registry: Registry, tmp_path: Path, changes: dict[str, object], complaint: str
) -> None:
    digest = planted(tmp_path, **changes)
    with pytest.raises(ModelRefused, match=complaint):
        registry.load("response", digest)


@pytest.mark.parametrize("name", ["..", "../response", "a/b", "", "A", "x" * 65, ".hidden", "a\0"])
def test_a_name_never_leads_out_of_the_directory(registry: Registry, name: str) -> None:
    with pytest.raises(ModelRefused, match="no model's name"):
        registry.publish(name, "beta", a_prior(0.1))
    with pytest.raises(ModelRefused, match="no model's name"):
        registry.resolve(name)


@pytest.mark.parametrize("digest", ["", "../x", "sha256:..", "sha256:" + "A" * 64, "f" * 64])
def test_a_digest_never_leads_out_of_the_directory(registry: Registry, digest: str) -> None:
    with pytest.raises(ModelRefused, match="no digest"):
        registry.load("response", digest)


def test_an_unfit_artefact_is_not_published(registry: Registry) -> None:
    with pytest.raises(ModelRefused):
        registry.publish("response", "beta", b'{"base_rate": 2}')
    with pytest.raises(ModelRefused, match="at most"):
        registry.publish("response", "beta", bytes(LARGEST_ARTEFACT + 1))
    assert registry.versions("response") == []


def test_a_damaged_version_is_mended_by_publishing_it_again(
    registry: Registry, tmp_path: Path, published: str
) -> None:
    (home(tmp_path, published) / "artefact").write_bytes(b"{}")
    assert registry.publish("response", "beta", a_prior(0.1), {"auc": 0.7}) == published
    assert registry.load("response", published).version == published


def test_what_does_not_exist_is_not_found_with_the_nearest_name(
    registry: Registry, published: str
) -> None:
    with pytest.raises(NotFound, match="did you mean 'response'"):
        registry.load("respons", published)
    with pytest.raises(NotFound, match="no version"):
        registry.load("response", "sha256:" + "0" * 64)
    with pytest.raises(NotFound, match="no champion"):
        registry.resolve("response")


def test_promotion_survives_a_restart(registry: Registry, tmp_path: Path, published: str) -> None:
    registry.promote("response", published)
    assert Registry(tmp_path).resolve("response", "champion") == published


def test_a_bad_model_never_replaces_the_good(
    registry: Registry, tmp_path: Path, published: str
) -> None:
    registry.promote("response", published)
    bad = registry.publish("response", "beta", a_prior(0.2))
    (home(tmp_path, bad) / "artefact").write_bytes(a_prior(0.3))
    with pytest.raises(ModelRefused):
        registry.promote("response", bad)
    assert registry.resolve("response") == published


def test_the_champion_of_yesterday_is_kept_for_replay(registry: Registry, published: str) -> None:
    registry.promote("response", published)
    registry.promote("response", registry.publish("response", "beta", a_prior(0.2)))
    assert registry.load("response", published).version == published


def test_promotions_at_the_same_time_do_not_undo_each_other(
    registry: Registry, published: str
) -> None:
    other = registry.publish("response", "beta", a_prior(0.2))
    wanted = {"champion": published, "challenger": other}
    with ThreadPoolExecutor(2) as pool:
        for _ in range(20):
            list(pool.map(lambda p: registry.promote("response", p[1], p[0]), wanted.items()))
            assert registry.aliases("response") == wanted


def test_another_worker_sees_a_promotion_through_the_store(
    store: Store, tmp_path: Path, published: str
) -> None:
    Registry(tmp_path, store).promote("response", published)
    (tmp_path / "models" / "response" / "aliases.json").unlink()
    assert Registry(tmp_path, store).resolve("response") == published


class Away:
    """A store that does not answer."""

    def get_aliases(self, name: str) -> Mapping[str, str]:
        raise StoreUnavailable(f"no answer about {name}")

    def set_aliases(self, name: str, aliases: Mapping[str, str]) -> None:
        raise StoreUnavailable(f"no answer about {name} and {len(aliases)} aliases")


def test_with_the_store_away_the_file_speaks_and_nothing_is_promoted(
    registry: Registry, tmp_path: Path, published: str
) -> None:
    registry.promote("response", published)
    without = Registry(tmp_path, Away())
    assert without.resolve("response") == published
    other = registry.publish("response", "beta", a_prior(0.2))
    with pytest.raises(StoreUnavailable):
        without.promote("response", other)
    assert registry.resolve("response") == published


def test_a_torn_alias_file_says_what_to_do(
    registry: Registry, tmp_path: Path, published: str
) -> None:
    (tmp_path / "models" / "response" / "aliases.json").write_bytes(b'{"champion": ')
    with pytest.raises(ModelRefused, match="promote again"):
        registry.resolve("response")
