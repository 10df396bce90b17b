from __future__ import annotations

import made_students
import pytest

from distill.evaluate.probes.asked.general_set import general_set


def test_forty_questions_each_with_an_answer_that_passes_its_own_check() -> None:
    asked = general_set()
    assert len({one.id for one in asked}) == len({one.ask for one in asked}) == 40
    assert all(one.right(made_students.right(one)) for one in asked)


@pytest.mark.parametrize("said", ["", "{}", "I do not know.", '{"mood": "glad"}', "x" * 5000, "{" * 5000, "\ud800"])
def test_what_is_no_answer_is_right_nowhere(said: str) -> None:
    assert not any(one.right(said) for one in general_set())


@pytest.mark.parametrize(
    ("number", "said", "right"),
    [
        (1, "The answer is 12.", True), (1, "120", False), (1, "11 or 12", False),
        (11, '"Lantern."', True), (11, "Lantern, of course", False),
        (19, "The capital of France is Paris.", True), (19, "Parisian", False), (19, "London. " * 30 + "Paris", False),
        (38, '```json\n{"count": 3}\n```', True), (38, '{"count": "3"}', False), (39, "[1, 2, 3]", True), (39, "[3, 2, 1]", False),
    ],
)  # fmt: skip
def test_checks_by_kind(number: int, said: str, right: bool) -> None:
    assert general_set()[number - 1].right(said) is right
