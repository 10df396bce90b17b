from __future__ import annotations

import pytest

from distill.stats.clusters import independent_rows, quantile


def test_rows_alone_in_their_cluster_are_all_independent() -> None:
    assert independent_rows([0.0, 1.0, 1.0], None) == 3
    assert independent_rows([0.0, 1.0, 1.0], ["a", "b", "c"]) == 3


def test_rows_that_always_agree_count_once_a_cluster() -> None:
    values = [float(talk % 2) for talk in range(40) for _ in range(5)]
    assert independent_rows(values, [row // 5 for row in range(200)]) == pytest.approx(40, rel=0.05)


def test_where_no_row_differs_nothing_says_that_turns_are_independent() -> None:
    assert independent_rows([1.0] * 150, [row // 3 for row in range(150)]) == pytest.approx(50)
    one_off = [0.0] + [1.0] * 149
    assert 50 < independent_rows(one_off, [row // 3 for row in range(150)]) < 110


def test_few_clusters_take_students_t() -> None:
    assert quantile(50, None) == quantile(50, list(range(50))) == pytest.approx(1.96, abs=1e-4)
    assert quantile(50, [row // 5 for row in range(50)]) == pytest.approx(2.262, abs=1e-3)
