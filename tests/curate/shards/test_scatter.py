"""Rows thrown into files are all there again, each target's in the order they came."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from distill.curate.shards import scatter


def test_every_row_is_in_the_file_of_its_target_in_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scatter, "_WAITING", 7)
    rows = pl.DataFrame({"row": range(40)})
    target = np.arange(40) * 3 % 5 - 1
    thrown = scatter.Scatter(tmp_path / "parts")
    for start in range(0, 40, 6):
        thrown.add(rows[start : start + 6], target[start : start + 6])
    thrown.close()
    assert scatter.targets(tmp_path / "parts") == [0, 1, 2, 3]
    for number in range(4):
        assert (
            scatter.gathered(tmp_path / "parts", number)["row"].to_list() == np.flatnonzero(target == number).tolist()
        )
    assert sum(frame.height for frame in scatter.each(tmp_path / "parts")) == (target >= 0).sum()


def test_without_rows_there_is_no_target(tmp_path: Path) -> None:
    thrown = scatter.Scatter(tmp_path / "parts")
    thrown.add(pl.DataFrame({"row": [1]}), np.array([-1]))
    thrown.close()
    assert list(scatter.each(tmp_path / "parts")) == []
