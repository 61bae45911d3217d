from __future__ import annotations

from engine.rules.masks import indices, mask_of
from engine.rules.schedule import Schedule


def said(schedule: Schedule, now: int) -> dict[str, list[int]]:
    return {one.code: indices(one.mask).tolist() for one in schedule.knockouts(now)}


def test_an_action_is_valid_from_its_start_until_just_before_its_end() -> None:
    schedule = Schedule([True], [100], [200])
    assert said(schedule, 99) == {"not-started": [0]}
    assert said(schedule, 100) == {}
    assert said(schedule, 199) == {}
    assert said(schedule, 200) == {"expired": [0]}


def test_an_action_without_dates_is_always_in_time() -> None:
    schedule = Schedule([True, True], [None, 100], [None, None])
    assert said(schedule, 0) == {"not-started": [1]}
    assert said(schedule, 2**62) == {}


def test_what_is_switched_off_is_said_first() -> None:
    schedule = Schedule([True, False], [None, 100], [None, None])
    assert [one.code for one in schedule.knockouts(0)] == ["inactive", "not-started"]


def test_an_undated_catalogue_gets_the_same_prebuilt_answer_every_time() -> None:
    schedule = Schedule([True, False], [None, None], [None, None])
    assert schedule.knockouts(1) is schedule.knockouts(2)


def test_a_set_of_actions_keeps_its_members_whatever_their_number() -> None:
    for members in ([], [0], [7, 8], [0, 63, 64, 9_999]):
        assert indices(mask_of(members)).tolist() == members
