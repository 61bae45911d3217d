"""Facts about columns that mean the same relative to each action."""

from __future__ import annotations

from engine.models.encoder import Encoder
from engine.models.features import Feature, Members, Number
from engine.models.online.relative import Relative
from tests.models.builders import AGE, an_action

ISA, LOAN, NEWS = an_action("isa", "savings"), an_action("loan", "loans"), an_action("news")


def of_group(group: str, **where: str) -> Feature:
    name = "-".join((group, *where))
    return Feature(name, "history.count", Number(), event="accept", where={"group": group, **where})


def test_a_count_by_group_is_each_actions_own_groups() -> None:
    relative = Relative(Encoder((AGE, of_group("loans"), of_group("savings"))))
    assert relative.count == 1
    nowhere = 4
    assert relative.places([ISA, LOAN, NEWS]).tolist() == [[3], [2], [nowhere]]


def test_counts_that_ask_for_more_than_one_thing_of_an_action_are_of_both() -> None:
    features = of_group("savings", kind="offer"), of_group("loans", kind="message")
    relative = Relative(Encoder(features))
    assert relative.count == 1
    told = an_action("told", "loans", "message")
    assert relative.places([ISA, LOAN, told]).tolist() == [[0], [2], [1]]


def test_thousands_of_actions_are_not_each_held_against_every_count() -> None:
    class Counted(str):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    features = [
        Feature(f"f{n}", "history.count", Number(), event="accept", where={"action": Counted(n)})
        for n in range(100)
    ]
    relative = Relative(Encoder(features))
    Counted.compared = 0
    places = relative.places([an_action(str(number)) for number in range(200)])
    assert places[:, 0].tolist() == [*range(100), *[100] * 100]
    assert Counted.compared <= 200


def test_counts_that_ask_for_something_else_too_are_told_apart() -> None:
    features = of_group("savings"), of_group("savings", channel="web"), of_group("loans")
    assert Relative(Encoder(features)).places([ISA, LOAN]).tolist() == [[0, 1], [2, 3]]


def test_what_is_liked_is_each_action_itself() -> None:
    likes = Feature("likes", "customer.likes", Members(("loan", "isa")), match="id")
    assert Relative(Encoder((AGE, likes))).places([ISA, LOAN, NEWS]).tolist() == [[3], [2], [4]]


def test_of_columns_that_name_no_action_none_is_relative() -> None:
    relative = Relative(Encoder((AGE,)))
    assert relative.count == 0
    assert relative.places([ISA, LOAN]).shape == (2, 0)
