from __future__ import annotations

from distill.evaluate.probes.asked.drift import ODD, ROWS, drift, form_holds, long_inputs
from distill.evaluate.probes.rows import AnsweredRow

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
GOOD = '{"mood": "glad"}'
HOLDS = form_holds(SCHEMA)


def rows(n: int = 40) -> list[AnsweredRow]:
    return [AnsweredRow(f"s{i:02}", f"message {i}", GOOD, GOOD) for i in range(n)]


def test_a_student_whose_form_breaks_on_long_inputs_fails_there_alone() -> None:
    long, odd = drift(rows(), ["I think that"] * ROWS, [GOOD] * len(ODD), HOLDS)
    assert long.failed
    assert long.value == 100
    assert odd.passed


def test_one_whose_form_breaks_on_odd_inputs_fails_there_alone() -> None:
    long, odd = drift(rows(), [GOOD] * ROWS, [GOOD] * 8 + [None] * (len(ODD) - 8), HOLDS)
    assert odd.failed
    assert odd.examples[0].row == "odd 9"
    assert long.passed


def test_a_healthy_one_passes_both() -> None:
    assert [one.passed for one in drift(rows(), [GOOD] * ROWS, [GOOD] * len(ODD), HOLDS)] == [True, True]


def test_a_form_that_never_held_is_no_drift() -> None:
    broken = [AnsweredRow(row.seed_id, row.input, "no JSON", GOOD) for row in rows()]
    assert [one.passed for one in drift(broken, ["no JSON"] * ROWS, ["no JSON"] * len(ODD), HOLDS)] == [True, True]


def test_long_inputs_begin_with_their_own_text_and_are_four_times_as_long() -> None:
    texts = [f"message number {i}" for i in range(40)]
    made = long_inputs(texts, texts[::-1])
    assert len(made) == ROWS
    assert all(long.startswith(text) for long, text in zip(made, texts, strict=False))
    assert {len(long) >= 4 * 15 for long in made} == {True}
    assert long_inputs([""], [""]) == []
    assert max(map(len, long_inputs(texts, texts, context=20))) == 40


def test_without_a_schema_the_form_is_an_answer_that_ends() -> None:
    holds = form_holds(None)
    assert holds("We will send another one.")
    assert not holds(" ")
    assert not holds(None)
    assert not holds("we will see about it " * 30)


def test_there_are_as_many_odd_inputs_as_long_ones_and_no_two_alike() -> None:
    assert len(set(ODD)) == len(ODD) == ROWS
