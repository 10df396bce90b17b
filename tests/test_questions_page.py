"""The sums of docs/questions.md are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.money import price_of
from distill.records import Usage
from distill.student.preflight.target import LEAST_ROWS
from distill.student.trainers.linear import FEWEST_ROWS

PAGE = " ".join((Path(__file__).parents[1] / "docs" / "questions.md").read_text().split())
ROWS, IN, OUT = 2_200, 614, 15


def dollars(prompt_tokens: int, completion_tokens: int, *, rows: int = ROWS, batch: bool = False) -> float:
    price = price_of("gpt-6-luna", batch=batch)
    assert price is not None
    return rows * price(Usage(prompt_tokens, completion_tokens))


@pytest.mark.parametrize(
    ("row", "tokens", "usd"),
    [
        ("in: 2,200 × 614", ROWS * IN, dollars(IN, 0)),
        ("out: 2,200 × 15", ROWS * OUT, dollars(0, OUT)),
        ("together", None, dollars(IN, OUT)),
        ("the same by [batch jobs](batch.md), at half the price", None, dollars(IN, OUT, batch=True)),
    ],
)
def test_the_worked_sum_is_that_of_the_price_table(row: str, tokens: int | None, usd: float) -> None:
    assert f"| {row} | {f'{tokens:,}' if tokens else ''} | {usd:.3f} |".replace("|  |", "| |") in PAGE


def test_the_figures_beside_it_are_right_too() -> None:
    assert f"or ${dollars(0, 200):.2f}." in PAGE
    assert f"a teacher's thousand answers cost ${dollars(IN, OUT, rows=1000):.2f}" in PAGE
    assert f"{LEAST_ROWS} is the least that is accepted, {FEWEST_ROWS} for a linear model" in PAGE


def test_the_rows_that_a_margin_takes() -> None:
    """Of ±1 on a tenth of the rows the deviation is √0.1; 1.96 of its standard errors are the half of an interval."""
    found = {points: round((1.96 / (points / 100)) ** 2 * 0.1, -1) for points in (5, 2)}
    assert f"±5 points with about {found[5]:.0f} test rows and to ±2 points with about {found[2]:.0f}." in PAGE
