"""Parquet as rows of JSON values."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from distill.errors import SpecError
from distill.seeds.load import read
from distill.seeds.rows_to_seeds import SeedColumns


def test_parquet_columns_of_every_kind_become_json(tmp_path):
    table = pl.DataFrame(
        {
            " message ": ["a"], "day": [date(2026, 1, 2)], "at": [datetime(2026, 1, 2, 3, tzinfo=UTC)], "price": [Decimal("12.50")],
            "raw": [b"text"], "blob": [b"\xff\xfe"], "tags": [["x", "y"]], "meta": [{"n": 1, "on": date(2026, 1, 2)}],
        }
    )  # fmt: skip
    table.write_parquet(tmp_path / "a.parquet")
    used = ["message", "day", "at", "price", "raw", "tags", "meta"]
    seeds, _ = read([tmp_path / "a.parquet"], SeedColumns(variables=used))
    assert dict(seeds[0].fields) == {
        "message": "a", "day": "2026-01-02", "at": "2026-01-02T03:00:00+00:00", "price": "12.50", "raw": "text", "tags": ["x", "y"],
        "meta": {"n": 1, "on": "2026-01-02"},
    }  # fmt: skip
    with pytest.raises(SpecError, match="2 bytes that are no text"):
        read([tmp_path / "a.parquet"], SeedColumns(variables=["blob"]))


def test_a_parquet_file_that_is_corrupt_midway_keeps_what_can_be_read(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"message": [f"row {n} of many" for n in range(30_000)]}).write_parquet(
        path, row_group_size=10_000, compression="zstd"
    )
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle - 2000 : middle] = b"\xff" * 2000
    path.write_bytes(raw)
    seeds, dropped = read([path], SeedColumns(variables=["message"]), strict=False)
    assert len(seeds) + dropped.height == 30_000
    assert len(seeds) >= 10_000
