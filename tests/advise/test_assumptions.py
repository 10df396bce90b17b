"""Inputs by name."""

from __future__ import annotations

import pytest

from distill.advise.assumptions import ASSUMPTIONS, quantity, read_inputs
from distill.errors import UsageError


def test_every_default_has_a_unit_and_a_meaning_and_is_replaced_by_what_is_given() -> None:
    for name, one in ASSUMPTIONS.items():
        assert one.unit
        assert one.meaning
        assert quantity(name, {}).source == "default"
        assert quantity(name, {name: None}).value == one.value
        assert (quantity(name, {name: 0.5}).value, quantity(name, {name: 0.5}).source) == (0.5, "given")


def test_the_figures_of_the_idea_are_the_defaults() -> None:
    held = {name: one.value for name, one in ASSUMPTIONS.items()}
    assert (held["shorter_prompts"], held["tuned_price_factor"], held["repairs"]) == (0.4, 2.0, 0.15)
    assert held["prompt_tokens_a_day"] == 50_000


def test_inputs_are_read_by_name() -> None:
    assert read_inputs(["hours=40", "coverage = 0.6", "data_usd=0"]) == {"hours": 40, "coverage": 0.6, "data_usd": 0}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hourz=4", "did you mean"), ("hours", "NAME=VALUE"), ("hours=much", "not below 0"), ("hours=nan", "not below 0"), ("hours=-1", "not below 0"),
        ("coverage=1.1", "a share from 0 to 1"), ("calls_a_day=0", "above 0"), ("target_days=0", "above 0"), ("zzz=1", "known: calls_a_day"),
    ],
)  # fmt: skip
def test_what_is_no_input_is_said(given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_inputs([given])
