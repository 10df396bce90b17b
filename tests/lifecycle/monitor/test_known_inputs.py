"""What a run knew of inputs."""

from __future__ import annotations

import json
import random

import polars as pl
import pytest
from logged import message, other_kind

from distill.lifecycle.monitor.known_inputs import KnownInputs, input_flags, known_inputs, label_flag, to_others


def seeds(count: int) -> tuple[pl.DataFrame, list[str]]:
    draw = random.Random(3)
    texts = [message(draw)[0] for _ in range(count)]
    labels = [json.dumps({"kind": "ab"[n % 2]}) for n in range(count)]
    return pl.DataFrame({"input": texts, "labels": labels}), texts[: count // 2]


@pytest.fixture(scope="module")
def known() -> KnownInputs:
    return known_inputs(*seeds(400))


def test_inputs_of_another_kind_are_far_and_those_of_the_same_are_not(known: KnownInputs) -> None:
    draw = random.Random(9)
    same, odd = [message(draw)[0] for _ in range(200)], [other_kind(draw)[0] for _ in range(50)]
    found = input_flags([*same, *odd], known, near=range(250))["shows_far_input"]
    assert found[:200].sum() <= 8
    assert found[200:].sum() == 50


def test_a_distance_that_is_not_computed_is_null(known: KnownInputs) -> None:
    found = input_flags(["a", "b"], known, near=[1])
    assert found["nearness"].to_list() == [None, 0.0]
    assert found["shows_far_input"].to_list() == [None, True]


def test_lengths_and_languages_of_the_seeds(known: KnownInputs) -> None:
    german = "Der Wasserkocher ist heute Morgen angekommen und funktioniert leider überhaupt nicht mehr"
    found = input_flags(["x" * 5000, german], known, near=())
    assert found["shows_input_length"].to_list()[0] is True
    assert found["shows_input_language"].to_list() == [None, True]


def test_a_training_row_is_held_against_the_others() -> None:
    frame, trained = seeds(60)
    known = known_inputs(frame, trained)
    assert to_others(known.near, trained, set(trained)).max() < 1
    assert known.near.nearest(trained).min() > 0.999


def test_labels_that_no_seed_had(known: KnownInputs) -> None:
    assert label_flag('{"kind": "a"}', known.labels) is False
    assert label_flag('{"kind": "c"}', known.labels) is True
    assert label_flag("{}", known.labels) is None
    assert label_flag(None, known.labels) is None


def test_the_runs_own_rates_are_counted(known: KnownInputs) -> None:
    assert {name: count.rows > 100 for name, count in known.counts.items()} == dict.fromkeys(known.counts, True)
    assert known.counts["far_input"].hits == 3
