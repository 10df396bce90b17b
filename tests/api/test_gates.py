"""Gates by name, over any table that has the columns of samples."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

import distill
from distill.errors import UsageError


def test_gate_is_a_function_of_samples(frame: Callable[..., pl.DataFrame]) -> None:
    rows = frame({"answer": "yes"}, {"answer": "a much longer answer than that"})
    outcome = distill.gate("length")(rows, min_chars=9)
    assert outcome.kept["answer"].to_list() == ["a much longer answer than that"]
    assert outcome.dropped["row"].to_list() == ["s00"]
    assert isinstance(outcome, distill.Outcome)


def test_unknown_gate_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no gate 'lenght'.*length"):
        distill.gate("lenght")
