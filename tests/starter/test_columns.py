"""What a column is by its values."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from distill.starter.columns import columns_of, list_of, object_of


def kind(name: str, values: Iterable[object]) -> str:
    return columns_of([{name: value} for value in values])[0].kind  # type: ignore[dict-item]  # values of all kinds are the test


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("message", [f"a message about number {n}, and more" for n in range(40)], "text"),
        ("category", ["a", "b", "c", "b"] * 10, "label"),
        ("flag", [True, False] * 20, "label"),
        ("stars", [1, 2, 3, 4, 5] * 8, "label"),
        ("stars", ["1", "2", "3", "4", "5"] * 8, "label"),
        ("price", [n * 1.5 for n in range(40)], "number"),
        ("Preis", [f"{n},50" for n in range(40)], "number"),
        ("amount", [n % 20 for n in range(40)], "number"),
        ("row", range(7, 47), "id"),
        ("created", [f"2026-03-{n % 28 + 1:02d}" for n in range(40)], "date"),
        ("created_at", [f"2026-03-01T10:{n:02d}:07Z" for n in range(40)], "date"),
        ("seen", [f"{n % 28 + 1}.3.2026 10:00" for n in range(40)], "date"),
        ("customer_id", [n % 20 for n in range(40)], "id"),
        ("customerID", [f"C{n % 20}" for n in range(40)], "id"),
        ("category_id", [n % 3 for n in range(40)], "label"),
        ("email", [f"somebody{n}@example.com" for n in range(40)], "id"),
        ("本文", [f"荷物が{n}日も届きません" for n in range(40)], "text"),
        ("intent", [f"intent {n % 18}" for n in range(40)], "label"),
        ("tags", [json.dumps(["a", f"b{n}"]) for n in range(40)], "list"),
        ("ticket_id", [1000 + n for n in range(40)], "id"),
        ("Ticket ID", [f"T-{n}" for n in range(40)], "id"),
        ("expected", [{"intent": "a"}] * 40, "object"),
        ("expected", ['{"intent": "a"}'] * 40, "object"),
        ("chat", [[{"role": "user", "content": "x"}]] * 40, "turns"),
        ("tags", [["a", "b"]] * 40, "list"),
        ("notes", [None, ""] * 20, "empty"),
    ],
)
def test_kinds(name: str, values: Iterable[object], expected: str) -> None:
    assert kind(name, values) == expected


def test_a_label_lists_its_values_commonest_first_and_gaps_are_counted() -> None:
    found = columns_of([{"team": team} for team in ["b", "a", "b", None, "b", "a", ""]])[0]
    assert (found.values, found.filled, found.distinct) == (["b", "a"], 5, 2)


def test_columns_that_only_some_rows_have_are_columns() -> None:
    assert [one.name for one in columns_of([{"a": 1}, {"a": 1, "b": 2}])] == ["a", "b"]


def test_an_object_may_be_written_as_text_and_broken_text_is_none() -> None:
    assert object_of('{"a": 1}') == {"a": 1}
    assert object_of("{broken") is None
    assert object_of("[1]") is None
    assert list_of("[1]") == [1]
    assert list_of("[1") is None
