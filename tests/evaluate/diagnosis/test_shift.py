from __future__ import annotations

import json
import random

import made_students
import polars as pl
import pytest

from distill.evaluate.diagnosis.shift import Shift, shift

ASKED = [asked for asked, _ in made_students.training()]


def frame(texts: list[str], kinds: str = "ab") -> pl.DataFrame:
    return pl.DataFrame(
        {"input": texts, "labels": [json.dumps({"kind": kinds[n % len(kinds)]}) for n in range(len(texts))]}
    )


def found(texts: list[str], kinds: str = "ab") -> Shift | None:
    train = frame(ASKED)
    return shift(frame(texts, kinds), train, train.select("labels"))


def test_rows_of_the_same_kind_are_no_shift() -> None:
    chance = random.Random(3)
    assert found([made_students.message(chance) for _ in range(80)]) is None


def test_texts_far_from_all_training_rows_are() -> None:
    one = found([f"квартальный отчёт номер {n} о погоде" for n in range(80)])
    assert one is not None
    assert one.label == ""
    assert one.test_likeness < 0.5 * one.train_likeness


def test_another_mix_of_a_label_is_named_with_how_much_moved() -> None:
    chance = random.Random(3)
    one = found([made_students.message(chance) for _ in range(80)], kinds="aaaaaaab")
    assert one is not None
    assert one.label == "kind"
    assert one.moved == pytest.approx(0.375)


def test_a_label_by_which_the_test_rows_were_chosen_is_none() -> None:
    chance = random.Random(3)
    assert found([made_students.message(chance) for _ in range(80)], kinds="a") is None


def test_few_rows_tell_nothing() -> None:
    assert found(["x"] * 19) is None
