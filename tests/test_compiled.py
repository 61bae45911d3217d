"""Functions in machine code."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.models.online.growing import _WHOLE
from engine.models.online.temper import _tempered
from engine.models.online.wood import LEAF

ENGINE = Path(__file__).parent.parent / "engine"


def _compiled(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for one in tree.body:
        if isinstance(one, ast.FunctionDef) and "compiled(" in "".join(
            ast.unparse(mark) for mark in one.decorator_list
        ):
            yield one


def test_none_knows_a_name_that_its_module_imports_from_the_house() -> None:
    """What is kept of it would stay as it was when that module changes."""
    found, strangers = 0, []
    for file in sorted(ENGINE.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        imported = {
            name.asname or name.name
            for one in tree.body
            if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("engine")
            for name in one.names
        }
        for function in _compiled(tree):
            found += 1
            names = {
                node.id
                for line in function.body
                for node in ast.walk(line)
                if isinstance(node, ast.Name)
            }
            strangers += [f"{file.name}: {function.name}: {name}" for name in names & imported]
    assert found > 20
    assert strangers == []
    assert _WHOLE == LEAF


def test_an_array_of_another_type_is_an_error_and_not_a_slow_surprise() -> None:
    numbers = np.zeros(3)
    with pytest.raises(TypeError, match="No matching definition"):
        _tempered(numbers, numbers, np.zeros(3, np.float32), 0.5)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A module with one such function, that says what it makes of 21, where it is kept, and
    whether it was kept before."""
    source = tmp_path / "loops.py"
    source.write_text(
        "from engine.compiled import compiled\n"
        '@compiled("float64(float64)")\n'
        "def twice(number):\n"
        "    return 2.0 * number\n"
        "print(twice(21.0), twice.stats.cache_path, sum(twice.stats.cache_hits.values()))\n"
    )
    return source


def _run(source: Path, before: str = "", **environment: str) -> list[str]:
    """What the module says, run in a process of its own; `before`: what that does first."""
    code = f"{before}\nimport runpy\nrunpy.run_path({str(source)!r})"
    chosen = "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"
    where = {name: value for name, value in os.environ.items() if name not in chosen}
    ran = subprocess.run(
        [sys.executable, "-B", "-c", code],
        env={**where, "PYTHONPATH": str(ENGINE.parent), **environment},
        cwd=source.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.split()


LATER = "from engine.compiled import when_called\nwhen_called()"
FOUR_TIMES = """\
from engine.compiled import compiled
@compiled("float64(float64)")
def _twice(number):
    return 2.0 * number
@compiled("float64(float64)")
def four_times(number):
    return _twice(_twice(number))
"""


def test_a_process_that_says_so_loads_and_translates_nothing_until_it_is_called(
    source: Path,
) -> None:
    source.write_text(
        f"import sys\n{FOUR_TIMES}"
        '@compiled("float64(float64)")\n'
        "def never(number):\n"
        "    return number\n"
        "imported = four_times\n"
        "print('numba' in sys.modules, imported(10.5), imported(21.0))\n"
        "print(*(type(one).__name__ for one in (_twice, four_times, never)))\n"
    )
    loaded = ["CPUDispatcher"]
    assert _run(source, LATER) == ["False", "42.0", "84.0", *loaded * 2, "_Later"]
    assert _run(source) == ["True", "42.0", "84.0", *loaded * 3]


def test_what_is_translated_when_it_is_called_is_kept_as_well(source: Path) -> None:
    cache = str(source.parent / "__pycache__")
    assert _run(source, LATER) == ["42.0", cache, "0"]
    assert _run(source) == ["42.0", cache, "1"]


def test_threads_that_call_first_at_once_share_one_translation(source: Path) -> None:
    """Each made its own from Python 3.12 on, and kept it under a name of its own."""
    source.write_text(
        "from concurrent.futures import ThreadPoolExecutor\n"
        f"from threading import Barrier\n{FOUR_TIMES}"
        "imported, start = four_times, Barrier(4)\n"
        "def call(number):\n"
        "    start.wait()\n"
        "    return imported(number)\n"
        "with ThreadPoolExecutor(4) as threads:\n"
        "    print(*threads.map(call, [1.0, 2.0, 3.0, 4.0]))\n"
    )
    assert _run(source, LATER) == ["4.0", "8.0", "12.0", "16.0"]
    kept = sorted(file.name.split("-")[0] for file in (source.parent / "__pycache__").iterdir())
    assert kept == ["loops._twice", "loops._twice", "loops.four_times", "loops.four_times"]


def test_what_no_source_has_any_more_goes_a_month_after_it_was_made(source: Path) -> None:
    """Not before: another install may be in use. What is still made of a source stays for good."""
    cache = source.parent / "__pycache__"
    assert _run(source)[0] == "42.0"
    gone = source.with_name("gone.py")
    gone.write_text(source.read_text())
    assert _run(gone)[0] == "42.0"
    gone.unlink()
    young = set(cache.iterdir())
    assert len(young) == 4
    source.write_text(source.read_text().replace("21.0", "22.0"))
    assert _run(source)[0] == "44.0"
    assert young < set(cache.iterdir())
    old = set(cache.iterdir())
    for file in old:
        os.utime(file, (file.stat().st_mtime - 31 * 24 * 3600,) * 2)
    assert _run(source) == ["44.0", str(cache), "1"]
    assert set(cache.iterdir()) == old
    other = source.with_name("other.py")
    other.write_text(source.read_text().replace("22.0", "23.0"))
    assert _run(other)[0] == "46.0"
    kept = set(cache.iterdir())
    assert {file.name.split(".")[0] for file in kept} == {"loops", "other"}
    assert len(kept) == 4
    assert _run(source) == ["44.0", str(cache), "1"]


def test_where_nothing_can_be_kept_it_is_translated_all_the_same(source: Path) -> None:
    """A file where a folder belongs stops even root, whom no permission would."""
    (source.parent / "__pycache__").write_text("in the way")
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"}
    assert _run(source, **nowhere) == ["42.0", "None", "0"]


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_what_was_cut_short_as_a_machine_went_down_is_translated_anew_once(
    source: Path, kind: str
) -> None:
    cache = source.parent / "__pycache__"
    assert _run(source) == ["42.0", str(cache), "0"]
    (kept,) = cache.glob(f"*.{kind}")
    whole = kept.read_bytes()
    for half in (b"", whole[:-100] + bytes(100)):
        kept.write_bytes(half)
        assert _run(source) == ["42.0", str(cache), "0"]
    assert _run(source) == ["42.0", str(cache), "1"]


def test_an_upgrade_that_was_cut_short_never_runs_the_code_of_before(source: Path) -> None:
    """As numba names it, an index of the new source would lead to what the old one was."""
    assert _run(source)[0] == "42.0"
    (old,) = source.parent.glob("__pycache__/*.nbc")
    source.write_text(source.read_text().replace("2.0 *", "3.0 *"))
    assert _run(source)[0] == "63.0"
    (new,) = set(source.parent.glob("__pycache__/*.nbc")) - {old}
    new.unlink()  # killed between its index and itself
    assert _run(source)[0] == "63.0"


def test_an_upgrade_between_loading_and_the_first_call_keeps_nothing_of_before(
    source: Path,
) -> None:
    """It would be kept under the name of what was installed meanwhile, and run ever after."""
    before = source.read_text()
    after = before.replace("2.0 * number", "3.0 * number")
    upgrade = f"open({str(source)!r}, 'w').write({after!r})\n"
    source.write_text(before.replace("print(", upgrade + "print("))
    assert _run(source, LATER)[0] == "42.0"
    assert source.read_text() == after
    assert _run(source)[0] == "63.0"


def test_a_full_disk_stops_nobody(source: Path) -> None:
    """As far as a process can tell that may write no file of more than 64 bytes."""
    full = "import numba, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))"
    assert _run(source, full) == ["42.0", "None", "0"]


def test_nothing_is_kept_in_a_folder_that_is_nobodys_home(source: Path) -> None:
    """Who has none, as a container's user may, would run whatever lies under `~` there."""
    (source.parent / "__pycache__").write_text("in the way")
    assert _run(source, HOME="~") == ["42.0", "None", "0"]
    assert not (source.parent / "~").exists()
