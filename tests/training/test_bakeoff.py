"""Facts about playing classification sets as bandits."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from engine.models.online.learner import Learner
from training.bakeoff.ours import Ours, Told
from training.bakeoff.picture import losses
from training.bakeoff.race import (
    STANDARDISED,
    Played,
    Result,
    Standing,
    best,
    geometric_mean,
    play,
    ratio,
    rivals_of,
    standing,
)
from training.bakeoff.sets import BUNDLED, Table, find, table


def easy(rows: int = 600) -> Table:
    """The label is the word, but for a tenth of the rows; the number says nothing."""
    chance = np.random.default_rng(5)
    words = chance.choice(["a", "b", "c"], rows)
    labels = np.where(chance.random(rows) < 0.1, chance.choice(["a", "b", "c"], rows), words)
    return table(
        "easy", pd.DataFrame({"word": words, "number": chance.normal(size=rows), "label": labels})
    )


class Constant:
    """Always the same action, and it writes down what it is told."""

    def __init__(self, one: Table, seed: int) -> None:  # noqa: ARG002
        self.told: list[tuple[int, int, float]] = []
        TOLD.append(self.told)

    def choose(self, row: int) -> int:  # noqa: ARG002
        return 0

    def learn(self, row: int, action: int, reward: float) -> None:
        self.told.append((row, action, reward))


TOLD: list[list[tuple[int, int, float]]] = []


def test_the_loss_is_the_share_of_wrong_choices_over_one_pass() -> None:
    one = easy()
    result = play(one, Constant, range(2), patience=60.0)
    assert result is not None
    assert result.losses == pytest.approx([np.mean(one.labels != 0)] * 2)


def test_only_the_chosen_actions_reward_is_told_and_each_row_once_in_its_shuffle() -> None:
    one = easy()
    TOLD.clear()
    play(one, Constant, range(2), patience=60.0)
    first, second = ([row for row, _, _ in told] for told in TOLD)
    assert sorted(first) == sorted(second) == list(range(600))
    assert first != second
    assert all(reward == (one.labels[row] == 0) for row, _, reward in TOLD[0])


def test_who_takes_too_long_has_no_result() -> None:
    assert play(easy(), Constant, [0], patience=0.0) is None


def test_ours_learns_from_its_own_choices_and_the_limit_is_no_worse() -> None:
    ours, told = (play(easy(), make, range(2), patience=60.0) for make in (Ours, Told))
    assert ours is not None
    assert told is not None
    assert 0.05 < told.loss <= ours.loss + 0.02 < 0.25


def test_ours_plays_the_same_twice() -> None:
    one, again = (play(easy(200), Ours, [0], patience=60.0) for _ in range(2))
    assert one is not None
    assert again is not None
    assert one.losses == again.losses


def test_a_number_that_is_absent_or_not_finite_is_its_columns_median() -> None:
    frame = pd.DataFrame(
        {"some": [1.0, np.nan, 3.0, np.inf, 5.0], "none": [np.nan] * 5, "label": list("ababa")}
    )
    some, none = table("holes", frame).columns
    assert some.values.tolist() == [1.0, 3.0, 3.0, 3.0, 5.0]
    assert none.values.tolist() == [0.0] * 5


def test_a_column_of_numbers_with_a_few_question_marks_or_blanks_is_one_of_numbers() -> None:
    said = [*map(str, range(19)), "?", None]
    (column,) = table("t", pd.DataFrame({"n": said, "label": [0, 1, 0] * 7})).columns
    assert column.words is None
    assert column.values[[0, 18, 19, 20]].tolist() == [0.0, 18.0, 9.0, 9.0]


def test_numbers_too_large_to_square_are_absent() -> None:
    frame = pd.DataFrame({"n": [1.0, 1e300, 3.0, 5.0], "label": [0, 1, 0, 1]})
    assert table("t", frame).columns[0].values.tolist() == [1.0, 3.0, 3.0, 5.0]


def test_of_many_words_the_rare_ones_are_one_and_a_name_a_row_is_no_column_a_row() -> None:
    names = [f"n{row}" for row in range(600)]
    cities = [f"c{row % 110}" if row < 550 else f"rare{row}" for row in range(600)]
    frame = pd.DataFrame({"id": names, "city": cities, "label": [0, 1] * 300})
    named, city = table("t", frame).columns
    assert named.words == ("other",)
    assert set(city.words or ()) == {*(f"c{one}" for one in range(110)), "other"}


def test_a_row_without_a_label_is_refused() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3], "label": ["a", "b", None]})
    with pytest.raises(ValueError, match="without a label, the last column: 1"):
        table("holes", frame)


def test_ours_is_the_engines_learner() -> None:
    assert isinstance(Ours(easy(), 0)._learner, Learner)


def test_words_and_numbers_are_told_apart_and_what_is_absent_is_the_median() -> None:
    frame = pd.DataFrame(
        {"n": [1.0, None, 3.0], "w": ["x", None, "y"], "b": [True, False, True], "label": [0, 1, 1]}
    )
    number, word, flag = table("t", frame).columns
    assert number.words is None
    assert number.values.tolist() == [1.0, 2.0, 3.0]
    assert word.words == ("", "x", "y")
    assert flag.words is None
    matrix, binary = table("t", frame).matrix()
    assert matrix.tolist() == [[1, 0, 1, 0, 1], [2, 1, 0, 0, 0], [3, 0, 0, 1, 1]]
    assert binary.tolist() == [False, True, True, True, False]


def test_a_folders_sets_come_before_scikit_learns(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "mine.csv.gz", "wt") as file:
        file.write("x,label\n1,a\n2,b\n")
    assert [one.name for one in find(tmp_path).tables] == ["mine", *BUNDLED]
    assert [one.name for one in find(None).tables] == list(BUNDLED)


def unplayed(directory: Path) -> str:
    """Why the one file of a folder that is no set is none; the others are there to play."""
    found = find(directory)
    assert [one.name for one in found.tables] == list(BUNDLED)
    (one,) = found.unplayed
    return one.reason


def test_a_file_without_labels_is_not_played_and_named(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "bad.csv.gz", "wt") as file:
        file.write("x,label\n1,a\n2,a\n")
    assert "bad: needs a column, and a last one with at least two labels" in unplayed(tmp_path)


def test_a_set_whose_label_is_not_the_last_column_is_not_played_on_another(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "turned.csv.gz", "wt") as file:
        file.write("label,age\na,1\nb,2\n")
    assert unplayed(tmp_path) == "turned: the column label is not the last, which is age"


def test_a_folder_without_sets_is_refused_and_what_is_named_like_one_not_played(
    tmp_path: Path,
) -> None:
    (tmp_path / "plain.csv").write_text("x,label\n1,a\n2,b\n")
    with pytest.raises(ValueError, match=r"has no \*\.csv\.gz"):
        find(tmp_path)
    (tmp_path / "folder.csv.gz").mkdir()
    assert "folder.csv.gz cannot be read" in unplayed(tmp_path)
    (tmp_path / "folder.csv.gz").rmdir()
    (tmp_path / "gone.csv.gz").symlink_to(tmp_path / "nothing")
    assert "gone.csv.gz cannot be read" in unplayed(tmp_path)


@pytest.mark.parametrize("bad", [b"abc", gzip.compress(b""), gzip.compress(b"a,label\n" * 99)[:-9]])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "bad.csv.gz").write_bytes(bad)
    assert "bad.csv.gz" in unplayed(tmp_path)


def test_the_rivals_of_an_earlier_report_play_on_however_we_stood_then() -> None:
    results = {name: Result((0.5,), 1.0) for name in ("ours", "full information", "vw bag")}
    sets = [Played("t", "d", 100, 3, results)]
    report = {"shuffles": 1, "sets": sets, "standing": "reckoned otherwise"}
    found = rivals_of(msgspec.json.encode(report), 1)
    assert found == {"d": {"vw bag": results["vw bag"]}}
    for bad, shuffles in ((report, 5), ({}, 1), ([], 1)):
        with pytest.raises(ValueError, match="report"):
            rivals_of(msgspec.json.encode(bad), shuffles)


def test_we_are_held_against_the_best_of_the_rivals() -> None:
    results = {
        "ours": Result((0.1, 0.3), 10.0),
        "vw bag": Result((0.5, 0.5), 10.0),
        "vw greedy": Result((0.4, 0.4), 10.0),
        "full information": Result((0.0, 0.0), 10.0),
    }
    played = Played("t", "d", 100, 3, results)
    assert best(results, "vw ") == "vw greedy"
    assert best(results, "mabwiser ") is None
    assert ratio(played) == pytest.approx(0.5)
    assert ratio(Played("t", "d", 100, 3, {"ours": results["ours"]})) is None
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1.0)


def test_a_rival_told_the_scale_beforehand_counts_in_one_standing_only() -> None:
    results = {
        "ours": Result((0.3,), 10.0),
        "vw greedy": Result((0.6,), 10.0),
        f"vw greedy -l 2.0{STANDARDISED}": Result((0.2,), 10.0),
    }
    sets = [Played("t", "d", 100, 3, results)]
    assert standing(sets) == Standing(0, pytest.approx(1.5), pytest.approx(1.5))
    assert standing(sets, unaided=True) == Standing(1, pytest.approx(0.5), pytest.approx(0.5))
    assert standing([]) == Standing(0, None, None)


def test_the_picture_has_a_line_a_set_and_leaves_out_who_has_no_result() -> None:
    def played(name: str, **results: float) -> Played:
        said = {"ours": 0.1, **results}
        return Played(name, "", 3, 2, {who: Result((loss,), 1.0) for who, loss in said.items()})

    drawn = losses([played("pears", **{"vw greedy": 0.2}), played("plums")])
    assert all(f"<!-- {name} -->" in drawn for name in ("pears", "plums", "ours", "best VW"))
    assert "<!-- best MABWiser -->" not in drawn


def test_a_bake_off_plays_the_others_and_says_last_which_file_it_did_not(tmp_path: Path) -> None:
    for extra in ("vowpalwabbit", "mabwiser"):
        pytest.importorskip(extra)
    from training.bakeoff.__main__ import main  # noqa: PLC0415 - needs the extra

    frame = pd.DataFrame({"x": [1, 2, 3], "label": list("aba")})
    frame.to_csv(tmp_path / "good.csv.gz", index=False)
    (tmp_path / "bad.csv.gz").write_bytes(b"junk")
    rival = Played("good", table("good", frame).digest, 3, 2, {"vw bag": Result((0.5,), 1.0)})
    (tmp_path / "earlier.json").write_bytes(msgspec.json.encode({"shuffles": 1, "sets": [rival]}))
    out = tmp_path / "out.json"
    asked = ["--sets", str(tmp_path), "--shuffles", "1", "--jobs", "1", "--out", str(out)]
    asked += ["--rivals", str(tmp_path / "earlier.json"), "--only", "bad"]
    said = CliRunner().invoke(main, [*asked, "--only", "good"])
    assert said.exit_code == 1
    assert "not played, and in none of these figures:\n  bad: " in said.output
    told = msgspec.json.decode(out.read_bytes())
    assert [one["name"] for one in told["sets"]] == ["good"]
    assert [one["name"] for one in told["unplayed"]] == ["bad"]
    alone = CliRunner().invoke(main, asked)
    assert (alone.exit_code, "cannot be read as a set" in alone.output) == (1, True)
