"""What may be asked for, and what `auto` comes to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.host.training import hyperparameters
from distill.protocol.error import ApiError


@pytest.mark.parametrize(
    ("name", "value", "method"),
    [
        ("n_epochs", 0, "supervised"), ("n_epochs", 51, "supervised"), ("n_epochs", 2.5, "supervised"), ("n_epochs", True, "supervised"),
        ("batch_size", 257, "supervised"), ("batch_size", "8", "supervised"), ("learning_rate_multiplier", 0, "supervised"),
        ("learning_rate_multiplier", [1], "supervised"), ("beta", 0.1, "supervised"), ("beta", 2.5, "dpo"), ("lora", 8, "dpo"),
    ],
)  # fmt: skip
def test_a_value_out_of_its_bounds_is_refused_by_its_name(name: str, value: Any, method: str) -> None:
    with pytest.raises(ApiError, match=name) as refused:
        hyperparameters.asked({name: value}, method, "hyperparameters")
    assert refused.value.param == f"hyperparameters.{name}"


def test_nothing_said_and_auto_are_the_same() -> None:
    wanted = hyperparameters.asked({"n_epochs": "auto", "batch_size": None}, "dpo", "x")
    assert set(wanted.values()) == {"auto"}
    taken = hyperparameters.taken(wanted, rows=50)
    assert taken == {"n_epochs": 6, "batch_size": 4, "learning_rate_multiplier": 1.0, "beta": 0.1}
    assert hyperparameters.chosen(wanted, taken) == "n_epochs 6, batch_size 4, learning_rate_multiplier 1, beta 0.1"


def test_what_was_asked_for_is_taken() -> None:
    wanted = hyperparameters.asked({"n_epochs": 3, "learning_rate_multiplier": 1.8}, "supervised", "x")
    taken = hyperparameters.taken(wanted, rows=1000)
    assert (taken["n_epochs"], taken["learning_rate_multiplier"], taken["batch_size"]) == (3, 1.8, 8)
    assert hyperparameters.steps(1000, taken) == 375


@given(st.integers(1, 256))
def test_a_batch_is_made_of_whole_parts(batch_size: int) -> None:
    part = hyperparameters.micro_batch(batch_size)
    assert batch_size % part == 0
    assert 1 <= part <= hyperparameters.MICRO_BATCH


def test_the_rate_is_scaled_by_the_multiplier_and_the_size_of_the_base() -> None:
    small, large = (
        hyperparameters.rate(1.0, params=params, method="supervised") for params in (135_000_000, 8_000_000_000)
    )
    assert small == 2e-3
    assert large < small
    assert hyperparameters.rate(0.5, params=135_000_000, method="supervised") == small / 2
    assert hyperparameters.rate(1.0, params=135_000_000, method="dpo") < small
