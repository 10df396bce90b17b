"""Which calls of a look are kept, and what of them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
from production_logs import openai, shape, write

from distill.lifecycle.logs.log_reader import read_logs
from distill.lifecycle.monitor.feedback.keeping import CallsToKeep
from distill.lifecycle.monitor.feedback.kept_calls import kept_calls


def logged(folder: Path, *rows: dict[str, Any]) -> pl.DataFrame:
    batch = next(iter(read_logs([write(folder / "app.jsonl", *rows)], shape())))
    return batch.with_columns(day=pl.col("time").dt.date().cast(pl.String))


def of(call: str | None, text: str, answer: str = '{"mood": "glad"}', **more: Any) -> dict[str, Any]:
    row = openai(text, answer, **more)
    row["response"]["id"] = call
    return row


def test_the_newest_are_kept_and_the_verdicts_of_all_are_counted(tmp_path: Path) -> None:
    keep = CallsToKeep(3)
    for part in range(4):
        keep.take(logged(tmp_path, *(of(f"c{part}-{n}", f"text {n}", thumbs="up" if n else "down") for n in range(2))))
    keep.take(logged(tmp_path, of(None, "nobody can name it", thumbs="down")))
    with kept_calls(tmp_path / "calls.db") as kept:
        keep.write("mood/001", kept)
        assert (kept.count(), keep.without_id) == (3, 1)
        assert kept.days("mood/001") == [("2026-11-01", 4, 9)]


def test_nothing_private_is_kept_and_the_rest_is_masked(tmp_path: Path) -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
    keep = CallsToKeep(10)
    keep.take(
        logged(
            tmp_path, of("c1", f"write to jane.roe@corp.com, key {key}"), of("c2", "a secret of mine", private=True),
            of("c3", "who is it?", '{"mood": "glad", "to": "jane.roe@corp.com"}'), of("c4", "plain"),
        )
    )  # fmt: skip
    with kept_calls(tmp_path / "calls.db") as kept:
        keep.write("mood/001", kept)
    raw = (tmp_path / "calls.db").read_bytes()
    for secret in (b"jane.roe", b"abcdefghijklmnop", b"a secret of mine", b"c1"):
        assert secret not in raw
    texts = [row[0] for row in sqlite3.connect(tmp_path / "calls.db").execute("SELECT kept FROM calls ORDER BY seq")]
    assert [text is None for text in texts] == [False, True, False, False]
    assert b"[email]" in texts[0]
    assert [b'"masked":true' in text for text in texts if text] == [False, True, False]


def test_none_is_kept_where_none_is_wanted(tmp_path: Path) -> None:
    keep = CallsToKeep(0)
    keep.take(logged(tmp_path, of("c1", "text", thumbs="up"), of("c2", "text")))
    with kept_calls(tmp_path / "calls.db") as kept:
        keep.write("mood/001", kept)
        assert (kept.count(), kept.days("mood/001")) == (0, [("2026-11-01", 1, 1)])
