"""When two plain values are the same."""

from __future__ import annotations

import pytest

from distill.values.plain import same
from distill.values.rules import Rule


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [
        (1000, "1,000", True),
        (9.99, "9,99", True),
        ("Berlin.", "berlin", True),
        ("12kg", "12.0 kg", True),
        ("12kg", "12 lb", False),
        (True, 1, False),
        ("1.10", "1.1", False),
        (None, "", False),
    ],
)
def test_values_are_compared_by_what_they_mean(left: object, right: object, alike: bool) -> None:
    assert same(left, right, Rule()) is alike
    assert same(right, left, Rule()) is alike


def test_exact_compares_spelling() -> None:
    assert not same("Berlin.", "berlin", Rule(kind="exact"))
    assert same({"b": 1, "a": 2}, {"a": 2, "b": 1}, Rule(kind="exact"))
