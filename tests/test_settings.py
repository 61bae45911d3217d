"""What an operator may set, and the keys."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.credentials import load_or_make_keys
from engine.errors import Misconfigured
from engine.files import data_directory, exposed, kept_key
from engine.settings import Settings, read_settings, unknown_settings


def test_a_flag_comes_before_the_environment_and_empty_counts_as_unset(tmp_path: Path) -> None:
    environment = {
        "TELLER_CATALOGUE": str(tmp_path),
        "TELLER_DATA": "/env",
        "TELLER_REDIS_URL": "",
        "TELLER_SECRET_KEYS": "sk_0123456789abcd, ,sk_0123456789abce",
    }
    settings = read_settings(environment, data="/flag", catalogue="")
    assert settings.catalogue == tmp_path
    assert settings.data == Path("/flag")
    assert settings.redis_url is None
    assert settings.secret_keys == ("sk_0123456789abcd", "sk_0123456789abce")


def test_no_catalogue_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="--catalogue DIR"):
        read_settings({})
    with pytest.raises(Misconfigured, match="not a directory"):
        read_settings({"TELLER_CATALOGUE": str(tmp_path / "none")})


def test_a_key_that_does_not_look_like_one_is_refused(tmp_path: Path) -> None:
    for key in ("secret-0123456789", "sk_short", "sk_0123456789abcdé", "sk_0123456 789abcd"):
        with pytest.raises(Misconfigured, match="TELLER_SECRET_KEYS"):
            read_settings({"TELLER_CATALOGUE": str(tmp_path), "TELLER_SECRET_KEYS": key})


def test_an_unknown_setting_is_named_with_the_nearest() -> None:
    said = unknown_settings({"TELLER_CATALOG": "x", "PATH": "y", "TELLER_DATA": "z"})
    assert said == ["TELLER_CATALOG is not a setting; did you mean TELLER_CATALOGUE?"]


def test_keys_are_made_once_kept_private_and_found_again(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_or_make_keys(settings), range(8)))
    assert len({keys.secret for keys in made}) == 1
    assert sum(keys.fresh for keys in made) == 1
    assert made[0].secret[0].startswith("sk_")
    assert made[0].publishable[0].startswith("pk_")
    mode = (tmp_path / "data" / "keys.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_configured_keys_leave_nothing_on_disk(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "data", None, ("sk_0123456789abcd",))
    assert load_or_make_keys(settings).secret == ("sk_0123456789abcd",)
    assert not (tmp_path / "data").exists()


def test_publishable_keys_alone_are_refused(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "data", None, (), ("pk_0123456789abcd",))
    with pytest.raises(Misconfigured, match="TELLER_SECRET_KEYS"):
        load_or_make_keys(settings)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '{"secret": "sk_0123456789abcdef", "publishable": []}',  # each letter would be a key
        '{"secret": [""], "publishable": []}',
        '{"secret": ["sk_short"], "publishable": []}',
        '{"secret": [1], "publishable": []}',
        '{"secret": [], "publishable": ["pk_0123456789abcdef"]}',
    ],
)
def test_damaged_keys_are_not_replaced_silently_and_let_nobody_in(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(Misconfigured, match="damaged"):
        load_or_make_keys(Settings(tmp_path, tmp_path))


def test_keys_that_cannot_be_read_are_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys.json").mkdir()  # stops even root, whom no permission would
    with pytest.raises(Misconfigured, match=r"keys\.json cannot be read"):
        load_or_make_keys(Settings(tmp_path, tmp_path))


def test_a_kept_key_outlives_a_restart_and_is_nobody_elses(tmp_path: Path) -> None:
    assert kept_key(tmp_path, "token") == kept_key(tmp_path, "token")
    assert len(kept_key(tmp_path, "token")) == 32
    assert kept_key(tmp_path, "token") != kept_key(tmp_path, "erasure")


@pytest.mark.parametrize("size", [0, 5, 33])
def test_a_kept_key_that_is_damaged_signs_nothing(tmp_path: Path, size: int) -> None:
    """With an empty one anybody could sign."""
    (tmp_path / "token.key").write_bytes(b"x" * size)
    with pytest.raises(Misconfigured, match="damaged"):
        kept_key(tmp_path, "token")


def test_where_nothing_can_be_kept_is_said_in_a_sentence(tmp_path: Path) -> None:
    """A file where a folder belongs stops even root, whom no permission would."""
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "data", Path("/proc/data")):
        with pytest.raises(Misconfigured, match="--data"):
            data_directory(place)
    data_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def test_a_full_disk_is_said_in_a_sentence_and_leaves_no_half_of_a_key(tmp_path: Path) -> None:
    """A limit on files' sizes has every write refused, as a full disk does."""
    tried = """
import resource, sys
from pathlib import Path
from engine.errors import Misconfigured
from engine.files import data_directory, exposed, kept_key
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
for keep in (data_directory, lambda data: kept_key(data, "token")):
    try:
        keep(Path(sys.argv[1]))
    except Misconfigured as error:
        print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", tried, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "nothing can be kept" in ran.stdout
    assert "token.key cannot be read, or made" in ran.stdout
    assert not list(tmp_path.iterdir())


def test_a_kept_key_that_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "token.key").mkdir()  # stops even root, whom no permission would
    with pytest.raises(Misconfigured, match=r"token\.key cannot be read"):
        kept_key(tmp_path, "token")


def test_a_data_directory_that_others_may_write_in_is_warned_of(tmp_path: Path) -> None:
    data_directory(tmp_path / "data")
    assert exposed(tmp_path / "data") == []
    (tmp_path / "data").chmod(0o777)
    (warning,) = exposed(tmp_path / "data")
    assert "OTHERS MAY WRITE" in warning


def test_what_may_be_sent_as_events_is_a_setting(tmp_path: Path) -> None:
    environment = {
        "TELLER_CATALOGUE": str(tmp_path),
        "TELLER_CORS_ORIGINS": "https://shop.example, http://localhost:3000",
        "TELLER_EVENT_BYTES": "1000",
        "TELLER_BATCH_BYTES": "4194304",
    }
    limits = read_settings(environment).events
    assert limits.origins == {"https://shop.example", "http://localhost:3000"}
    assert (limits.event, limits.batch) == (1000, 4194304)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELLER_CORS_ORIGINS", "*"),
        ("TELLER_CORS_ORIGINS", "https://shop.example/"),
        ("TELLER_CORS_ORIGINS", "https://*.example"),
        ("TELLER_EVENT_BYTES", "0"),
        ("TELLER_BATCH_BYTES", "4 MB"),
    ],
)
def test_a_wrong_limit_of_events_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        read_settings({"TELLER_CATALOGUE": str(tmp_path), name: value})


def test_learning_is_on_unless_switched_off_and_its_pace_is_a_setting(tmp_path: Path) -> None:
    environment = {"TELLER_CATALOGUE": str(tmp_path)}
    learning = read_settings(environment).learning
    assert (learning.on, learning.delay, learning.half_life) == (True, None, 60.0)
    environment |= {
        "TELLER_LEARNING": "off",
        "TELLER_LEARNING_DELAY": "2h",
        "TELLER_LEARNING_HALF_LIFE": "7",
    }
    learning = read_settings(environment).learning
    assert (learning.on, learning.delay, learning.half_life) == (False, 2 * 3600 * 1000, 7.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELLER_LEARNING", "yes"),
        ("TELLER_LEARNING_DELAY", "soon"),
        ("TELLER_LEARNING_DELAY", "-1s"),
        ("TELLER_LEARNING_HALF_LIFE", "0"),
    ],
)
def test_a_wrong_pace_of_learning_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        read_settings({"TELLER_CATALOGUE": str(tmp_path), name: value})
