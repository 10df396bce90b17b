"""Gates by name, and a choice by quotas, over any table that has the columns of samples."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

import distill
from distill.curate.gates.registry import run_gates
from distill.errors import SpecError, UsageError


def test_gate_is_a_function_of_samples(frame: Callable[..., pl.DataFrame]) -> None:
    rows = frame({"answer": "yes"}, {"answer": "a much longer answer than that"})
    outcome = distill.gate("length")(rows, min_chars=9)
    assert outcome.kept["answer"].to_list() == ["a much longer answer than that"]
    assert outcome.dropped["row"].to_list() == ["s00"]
    assert isinstance(outcome, distill.Outcome)


def test_unknown_gate_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no gate 'lenght'.*length"):
        distill.gate("lenght")


REFUSED = [
    ("length", {"min_chars": -1}, "greater than or equal to 0"),
    ("length", {"max_tokens": "30"}, "a whole number"),
    ("length", {"max_token": 30}, "unknown setting 'max_token'.*max_tokens"),
    ("echo", {"near": 1.5}, "less than or equal to 1"),
    ("form", {"matches": "("}, "no regular expression"),
    ("agreement", {"at_least": 0}, "greater than 0"),
]


@pytest.mark.parametrize(("name", "settings", "said"), REFUSED)
def test_gate_refuses_what_a_spec_refuses(
    frame: Callable[..., pl.DataFrame], name: str, settings: dict[str, object], said: str
) -> None:
    """In the same words: a setting out of its range, of another kind, or not known."""
    with pytest.raises(SpecError, match=said) as refused:
        distill.gate(name)(frame({"answer": "yes"}), **settings)
    with pytest.raises(SpecError) as of_spec:
        run_gates(frame({"answer": "yes"}), [(name, settings)])
    assert [fault.message for fault in refused.value.faults] == [fault.message for fault in of_spec.value.faults]


def test_setting_that_python_reserves_has_a_line_behind_it(frame: Callable[..., pl.DataFrame]) -> None:
    german = frame({"answer": "Der Ofen wird nicht warm, obwohl ich ihn schon gestern eingeschaltet habe."})
    assert distill.gate("language")(german, is_="de").kept.height == 1
    assert distill.gate("language")(german, is_="en").kept.height == 0


def test_choice_keeps_no_more_than_the_quotas(frame: Callable[..., pl.DataFrame]) -> None:
    """A stratum without a quota is not limited."""
    rows = frame(*({"answer": f"answer {n}", "stratum": "ab"[n % 2]} for n in range(8)))
    kept = distill.balance(rows, quotas={"a": 1}).kept
    assert (kept.filter(stratum="a").height, kept.filter(stratum="b").height) == (1, 4)
