"""A repeated seed says which row it was."""

from __future__ import annotations

import pytest

from distill.records import Json
from distill.seeds import repeats

KEPT: dict[str, Json] = {"seed_id": "4f0c", "source": "a.jsonl", "line": 3, "own_id": "x", "gold": "yes"}
ROW: dict[str, Json] = {"seed_id": "4f0c", "source": "b c.jsonl", "line": 9, "own_id": "1007 (b)", "gold": "no"}


def test_a_repeat_names_both_rows() -> None:
    same = "b c.jsonl:9 (id 1007 (b)): same text as 4f0c (a.jsonl:3)"
    assert repeats.detail(ROW, KEPT) == f"{same}, which has another known answer"
    assert repeats.detail(ROW | {"gold": None}, KEPT) == same
    assert repeats.detail(ROW | {"gold": None, "own_id": None}, KEPT).startswith("b c.jsonl:9: same")


@pytest.mark.parametrize(
    ("given", "named"),
    [("1007 (b)", True), ("9", True), ("b c.jsonl:9", True), ("1007", False), ("x", False), ("3", False), ("a.jsonl:3", False)],
)  # fmt: skip
def test_a_repeat_is_found_by_id_or_line(given: str, named: bool) -> None:
    """By its own only, and not by those of the row that stayed."""
    assert repeats.is_named(repeats.detail(ROW, KEPT), given) is named
