"""Engagement: may the customer have it at all, is it relevant now, is it in their interest?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from engine.domain import Code, Knockout
from engine.rules.masks import indices

Question = Literal["eligibility", "applicability", "suitability"]

QUESTIONS: tuple[Question, ...] = ("eligibility", "applicability", "suitability")
_CODES: Mapping[Question, Code] = {
    "eligibility": "not-eligible",
    "applicability": "not-applicable",
    "suitability": "not-suitable",
}


class Requirement(NamedTuple):
    """The actions in `mask` need condition number `condition` to hold, and which question asks."""

    condition: int
    question: Question
    mask: int


class Written(Protocol):
    """A condition, as far as explaining goes: its author's text."""

    @property
    def text(self) -> str: ...


class Evaluated(Protocol):
    """What came of the conditions: the numbers of the false and of the unknown ones."""

    @property
    def false(self) -> Sequence[int]: ...
    @property
    def unknown(self) -> Sequence[int]: ...


class Engagement:
    """Keeps out every action one of whose conditions is not true; unknown is not true.

    Reported question by question (eligibility, applicability, suitability), and within one
    by the condition's number. `conditions[i].text` is what condition i says.
    """

    def __init__(self, requirements: Sequence[Requirement], conditions: Sequence[Written]) -> None:
        ordered = sorted(
            (one for one in requirements if one.mask),
            key=lambda one: (QUESTIONS.index(one.question), one.condition),
        )
        self._said: list[Knockout] = []
        self._false: list[list[int]] = [[] for _ in conditions]
        self._unknown: list[list[int]] = [[] for _ in conditions]
        self._conditions: dict[Knockout, int] = {}
        for one in ordered:
            text = conditions[one.condition].text
            self._false[one.condition].append(len(self._said))
            self._unknown[one.condition].append(len(self._said) + 1)
            self._said += _false(one, text), _unknown(one, text)
            self._conditions[self._said[-1]] = one.condition
        grounds: defaultdict[int, list[str]] = defaultdict(list)
        for one in ordered:
            for action in indices(one.mask).tolist():
                grounds[action].append(conditions[one.condition].text)
        self._grounds = {action: tuple(texts) for action, texts in grounds.items()}

    def knockouts(self, evaluation: Evaluated) -> list[Knockout]:
        """What is kept out, given how the conditions came out; prebuilt, in reporting order."""
        said, false, unknown = self._said, self._false, self._unknown
        places = [place for i in evaluation.false for place in false[i]]
        places += [place for i in evaluation.unknown for place in unknown[i]]
        places.sort()
        return [said[place] for place in places]

    def grounds(self, action: int) -> tuple[str, ...]:
        """What must hold for this action, and so does wherever it was chosen."""
        return self._grounds.get(action, ())

    def condition_of(self, knockout: Knockout) -> int | None:
        """The number of the condition behind an `attribute-unknown`, else None."""
        return self._conditions.get(knockout)


def _false(one: Requirement, text: str) -> Knockout:
    code = _CODES[one.question]
    return Knockout("engagement", code, code, f"Needs {text}, which is not so.", one.mask)


def _unknown(one: Requirement, text: str) -> Knockout:
    text = f"Needs {text}, which is not known."
    return Knockout("engagement", "attribute-unknown", "attribute-unknown", text, one.mask)
