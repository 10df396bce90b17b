"""A row's price: what its answers and verdicts took, those of dropped rows too."""

from __future__ import annotations

import polars as pl

from distill.evaluate.curve.result import RowPrice
from distill.pipeline.learning_curve.price import price_a_row
from distill.teacher.store.queries import SpenderTotals


def samples(*rows: tuple[int, str, float | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema={"teacher": pl.Int64, "fate": pl.String, "usd": pl.Float64}, orient="row")


def test_dropped_rows_and_judges_are_paid_for_too() -> None:
    """And arms of the comparison are not."""
    table = samples((0, "train", 0.01), (0, "valid", 0.01), (0, "dropped", 0.02), (-1, "train", None))
    ledger = [
        SpenderTotals("judge gpt", usd=0.04),
        SpenderTotals("student", usd=9.0),
        SpenderTotals("teacher", usd=0.5),
    ]
    assert price_a_row(table, ledger) == RowPrice(0.04, 2)


def test_known_answers_have_no_price() -> None:
    assert price_a_row(samples((-1, "train", None)), []) == RowPrice(None, 0)


def test_an_unknown_price_stays_unknown() -> None:
    assert price_a_row(samples((0, "train", 0.01), (0, "train", None)), []) == RowPrice(None, 2)
    judge = SpenderTotals("judge gpt", usd=0.1, unpriced=1)
    assert price_a_row(samples((0, "train", 0.01)), [judge]) == RowPrice(None, 1)
