"""cascade.parquet."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.evaluate.selective import sure_rows
from distill.evaluate.selective.sure_rows import SureRow, trusted


def test_it_reads_what_it_wrote_by_role(tmp_path: Path) -> None:
    rows = {
        "calibration": [SureRow("a", 0.5, 0.7, obeys=True, wrong=None)],
        "test": [SureRow("b", None, 0.1, obeys=False, wrong=True), SureRow("c", 1.0, 1.0, obeys=True, wrong=False)],
    }
    sure_rows.write(tmp_path / "cascade.parquet", rows)
    assert sure_rows.read(tmp_path / "cascade.parquet") == rows


def test_a_torn_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "cascade.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match=r"cascade.parquet cannot be read .*distill evaluate"):
        sure_rows.read(tmp_path / "cascade.parquet")


def test_what_is_far_or_breaks_the_schema_has_no_confidence() -> None:
    assert trusted(SureRow("a", 0.9, 0.5, obeys=True, wrong=None), 0.5) == 0.9
    assert trusted(SureRow("a", 0.9, 0.4, obeys=True, wrong=None), 0.5) == 0
    assert trusted(SureRow("a", 0.9, 0.5, obeys=False, wrong=None), 0.5) == 0
    assert trusted(SureRow("a", None, 0.5, obeys=True, wrong=None), 0.5) == 0
