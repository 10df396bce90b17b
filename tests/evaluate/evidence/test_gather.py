"""Known answers of some of the test rows, agreement and correctness side by side, and rows that belong together."""

from __future__ import annotations

import polars as pl
import pytest
from compared import SEEDS, compared

from distill.evaluate.fields import field_rules
from distill.evaluate.metrics import NO_KNOWN, Example, json_fields
from distill.evaluate.metrics import agreement as agreed


def agreement(student: list[float]) -> list[tuple[str, str, str, float, str]]:
    seeds = [f"s{i:03}" for i in range(len(student))] if len(student) > len(SEEDS) else SEEDS
    return [
        (seed, arm, "agreement", value, "")
        for arm, values in (("student", student), ("teacher", [1.0] * len(student)))
        for seed, value in zip(seeds, values, strict=False)
    ]


def test_known_answers_of_half_of_the_rows_carry_the_verdict_and_agreement_stands_beside_it() -> None:
    """60 rows, all answered, 30 with a known answer: none is missing, and no number mixes the two measures."""
    known: list[float | None] = [1.0] * 30 + [None] * 30
    found = compared(
        {"teacher": known, "student": known}, reason=NO_KNOWN, margin=0.15, more=agreement([1.0] * 45 + [0.0] * 15)
    )
    assert (found.metric, found.verdict.word) == ("json_fields", "distil")
    said = " ".join(found.verdict.sentences)
    assert "lack an answer" not in said
    assert "On 30 held-out rows" in said
    assert "30 of 60 test rows have no known answer" in said
    assert "By agreement, another measure: the student has 75.0 % of the teacher's answers, on 60 rows." in said
    assert found.arms["student"].metrics["agreement"].mean == 0.75
    assert found.arms["student"].metrics["json_fields"].mean == 1.0


def test_a_few_known_answers_are_told_and_agreement_decides() -> None:
    """8 of 50: too few to decide by, and no reason to be undecided."""
    known: list[float | None] = [1.0] * 7 + [0.0] + [None] * 42
    found = compared(
        {"teacher": [1.0] * 8 + [None] * 42, "student": known},
        reason=NO_KNOWN, margin=0.1, more=agreement([1.0] * 50),
    )  # fmt: skip
    assert (found.metric, found.verdict.word) == ("agreement", "distil")
    assert found.rows == 50
    assert (
        "8 of the test rows have a known answer: on those the student gets 88 % right and the teacher 100 %, too few to tell. "
        "The verdict is by agreement."
    ) in found.verdict.sentences


def test_rows_of_one_conversation_make_the_intervals_wider() -> None:
    student = [float(i // 3 % 6 > 0) for i in range(150)]
    alone = compared({"teacher": [1.0] * 150, "student": student})
    talks = compared(
        {"teacher": [1.0] * 150, "student": student},
        columns_of_tests={"group": pl.Series([f"talk {i // 3}" for i in range(150)])},
    )
    assert (alone.test_clusters, talks.test_clusters) == (150, 50)
    one, other = (next(gap for gap in found.differences if gap.b == "teacher") for found in (alone, talks))
    assert one.mean == other.mean
    assert other.high - other.low > 1.5 * (one.high - one.low)
    mean = talks.arms["student"].metrics["json_fields"]
    assert mean.high - mean.low > 1.5 * (0.89 - 0.77)


@pytest.mark.parametrize("margin", [0.02, 0.05])
def test_all_rows_equal_and_one_win_more_give_one_word(margin: float) -> None:
    teacher = [1.0] * 149 + [0.0]
    words = [
        compared({"teacher": teacher, "student": student}, margin=margin).verdict.word
        for student in (teacher, [1.0] * 150)
    ]
    assert words == [{0.02: "undecided", 0.05: "distil"}[margin]] * 2


def test_whether_training_helped_asks_for_rows_of_its_own() -> None:
    """300 rows, the student never loses to the teacher, the base almost as good: no advice of rows that are there."""
    base = [0.0] * 3 + [1.0] * 297
    base[10], student = 1.0, [1.0] * 300
    student[10], teacher = 0.0, [1.0] * 300
    teacher[10] = 0.0
    found = compared({"teacher": teacher, "student": student, "base": base})
    assert found.verdict.sentences[0] == "Undecided: the test rows cannot tell whether training helped."
    assert found.verdict.rows_needed is None or found.verdict.rows_needed > 300
    assert "If student and teacher are in truth equally good" not in " ".join(found.verdict.sentences)


def test_agreement_compares_the_same_fields_on_every_row_whether_its_answer_is_known_or_not() -> None:
    """Known answers have the intent alone, the teacher's a note too: on both rows the intent alone counts."""
    teacher = dict.fromkeys(("s0", "s1"), '{"intent": "a", "note": "x"}')
    rules = field_rules(
        schema=None,
        given=None,
        only=(),
        golds={"s0": {"intent": "a"}},
        teacher=teacher,
        inputs=dict.fromkeys(teacher, "in"),
    )
    student = '{"intent": "a", "note": "y"}'
    values = [
        agreed(
            Example(gold=gold, teacher=teacher[seed], gold_rules=rules.gold, teacher_rules=rules.teacher), student
        ).value
        for seed, gold in (("s0", {"intent": "a"}), ("s1", None))
    ]
    assert values == [1.0, 1.0]
    assert json_fields(Example(gold={"intent": "a"}, gold_rules=rules.gold), student).value == 1.0
