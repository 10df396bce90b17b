"""What is left out by itself, what may be named, and what never is."""

from __future__ import annotations

import pytest

from distill.errors import UsageError
from distill.pipeline.ablation.choice import chosen

GATES = ["schema", "secrets", "pii", "form", "form", "judge"]


def test_by_itself_each_gate_that_dropped_a_row_and_both_steps() -> None:
    """Gates that keep private data out are no matter of a score."""
    dropped = {"form": 3, "judge": 0, "secrets": 2, "pii": 1, "leaks": 4}
    assert chosen(None, GATES, dropped) == ["form", "dedup", "balance"]


def test_what_is_named_is_left_out_once_in_its_order() -> None:
    assert chosen("pii, balance,form,balance", GATES, {}) == ["pii", "balance", "form"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("secrets", "it is never left out, since no model is trained on what looks like a key"),
        ("leaks", "the student would be scored on rows that it has seen"),
        ("length", r"this run has no such gate; expected schema, pii, form, judge, dedup or balance"),
        ("frm", "there is no such gate; expected"),
        ("", "there is no such gate; expected"),
    ],
)
def test_what_cannot_be_left_out_is_refused_with_the_reason(given: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        chosen(given, GATES, {})
