from __future__ import annotations

import json

import polars as pl

from distill.evaluate.diagnosis.confusion import ConfusedPair, confused_pair

LABELS = ["bill", "ship", "back", "stop"]


def found(teacher: list[str], student: list[str] | None = None, *, bare: bool = False) -> ConfusedPair | None:
    """60 rows, known to be each label in turn."""
    known = [LABELS[n % 4] for n in range(60)]
    tests = pl.DataFrame(
        {"seed_id": [f"s{n:02}" for n in range(60)], "input": [f"message {n}" for n in range(60)],
         "gold": [json.dumps({"answer" if bare else "intent": label}) for label in known]}
    )  # fmt: skip
    said = {"teacher": teacher, "student": student or teacher}
    rows = [
        (arm, f"s{n:02}", label if bare else json.dumps({"intent": label}), "ok")
        for arm, labels in said.items()
        for n, label in enumerate(labels)
    ]
    return confused_pair(tests, pl.DataFrame(rows, schema=["arm", "seed_id", "text", "ended"], orient="row"))


def swapped(times: int, one: str = "back", other: str = "stop") -> list[str]:
    """The known labels, but the first rows of one are called the other."""
    labels = [LABELS[n % 4] for n in range(60)]
    for n in [n for n, label in enumerate(labels) if label == one][:times]:
        labels[n] = other
    return labels


def test_the_pair_is_named_with_its_counts_and_rows() -> None:
    pair = found(swapped(9))
    assert pair is not None
    assert (pair.field, pair.one, pair.other) == ("intent", "back", "stop")
    assert (pair.teacher, pair.student, pair.rows, pair.errors) == (9, 9, 30, 9)
    assert pair.examples[0] == ("s02", "message 2", "back", "stop")
    assert len(pair.examples) == 3


def test_bare_labels_have_pairs_too() -> None:
    pair = found(swapped(9), bare=True)
    assert pair is not None
    assert pair.field == "answer"


def test_few_rows_or_errors_of_all_kinds_make_no_pair() -> None:
    assert found(swapped(4)) is None
    assert found([LABELS[(n + n // 4) % 4] for n in range(60)]) is None
    assert found(swapped(0)) is None


def test_a_teacher_that_says_one_label_to_all_does_not_know_the_field() -> None:
    assert found(["stop"] * 60) is None


def test_a_label_that_the_teacher_never_says_is_not_confused_but_unknown_to_it() -> None:
    assert found(swapped(15)) is None


def test_an_answer_that_is_no_label_is_no_confusion() -> None:
    assert found(swapped(9, other="something else")) is None


def test_hostile_answers_cost_nothing() -> None:
    assert found(["{" * 2000] * 60) is None
