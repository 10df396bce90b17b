"""Which rows sit an exam."""

from __future__ import annotations

import polars as pl

from distill.exam.grade import KnownRow
from distill.exam.sit import drawn, known_rows


def rows(**strata: int) -> list[KnownRow]:
    return [KnownRow(f"{name}{n}", "x", name, {"answer": n}) for name, count in strata.items() for n in range(count)]


def test_strata_sit_in_their_natural_shares_and_nobody_is_lost() -> None:
    asked, others = drawn(rows(a=60, b=30, c=10), 20)
    assert {name: sum(row.stratum == name for row in asked) for name in "abc"} == {"a": 12, "b": 6, "c": 2}
    assert len(asked) + len(others) == 100
    assert not {row.seed_id for row in asked} & {row.seed_id for row in others}


def test_few_rows_all_sit_and_none_at_zero() -> None:
    assert len(drawn(rows(a=5), 40)[0]) == 5
    assert drawn(rows(a=5), 0)[0] == []
    assert drawn([], 40) == ([], [])


def test_test_rows_and_rows_without_a_known_answer_never_sit() -> None:
    table = pl.DataFrame(
        {
            "seed_id": ["a", "b", "c"],
            "input": ["x", "y", "z"],
            "stratum": ["s", "s", "s"],
            "gold": ['{"answer": 1}', '{"answer": 2}', None],
            "role": ["train", "test", "train"],
        }
    )
    assert [row.seed_id for row in known_rows(table)] == ["a"]
    assert [row.seed_id for row in known_rows(table.reverse())] == ["a"]
