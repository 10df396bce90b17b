from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.seeds.load import read
from distill.seeds.rows_to_seeds import SeedColumns
from distill.seeds.since import Since, time_of
from distill.text.times import micros

NOVEMBER = Since(micros("2026-11-01") or 0)
COLUMNS = SeedColumns(variables=["message"], since=NOVEMBER)


def write(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("row", [
    {"time": "2026-11-02T10:00:00Z"}, {"timestamp": 1_793_613_600}, {"created_at": "2026-11-02 10:00:00"}, {"logged_at": "2026-11-02T11:00:00+01:00"},
    {"response": {"created": 1_793_613_600}}, {"response": {"status_code": 200, "body": {"created": 1_793_613_600}}}, {"time": "?", "ts": 1_793_613_600},
])  # fmt: skip
def test_the_time_of_a_row(row: dict[str, object]) -> None:
    assert time_of(row) == micros("2026-11-02T10:00:00Z")


def test_older_rows_are_left_out_with_their_line(tmp_path: Path) -> None:
    rows = [{"message": f"m{n}", "time": f"2026-{month}-15"} for n, month in enumerate(("10", "11", "09", "12"))]
    notes: list[str] = []
    seeds, dropped = read([write(tmp_path / "a.jsonl", *rows)], COLUMNS, notes=notes)
    assert [seed.fields["message"] for seed in seeds] == ["m1", "m3"]
    assert dropped.select("row", "reason", "detail").rows() == [
        ("a.jsonl:1", "before_since", "its time is 2026-10-15T00:00:00Z"), ("a.jsonl:3", "before_since", "its time is 2026-09-15T00:00:00Z"),
    ]  # fmt: skip
    assert notes == ["2 of 4 rows are from before 2026-11-01T00:00:00Z and are left out (seeds.since)"]


def test_rows_without_a_time_are_taken_and_said(tmp_path: Path) -> None:
    notes: list[str] = []
    own, log = (
        write(tmp_path / "own.jsonl", {"message": "a"}, {"message": "b"}),
        write(tmp_path / "log.jsonl", {"message": "c", "time": "?"}),
    )
    seeds, dropped = read([own, log], COLUMNS, notes=notes)
    assert (len(seeds), dropped.height) == (3, 0)
    assert notes == [
        "own.jsonl: 2 rows have no time that can be read, and are taken (seeds.since)",
        "log.jsonl: 1 row has no time that can be read, and is taken (seeds.since)",
    ]


def test_what_is_carried_stays_and_labels_by_rule_go_to_the_right_rows(tmp_path: Path) -> None:
    from distill.seeds import sql_labels

    rules, _ = sql_labels.parse({"size": "length(message)::VARCHAR"}, columns=["message"])
    path = write(
        tmp_path / "a.jsonl",
        *({"message": "m" * n, "time": f"2026-{month}-15"} for n, month in enumerate(("10", "10", "11"), 1)),
    )
    every, _ = read([path], replace(COLUMNS, since=None))
    notes: list[str] = []
    since = replace(NOVEMBER, carried=frozenset({every[1].id}), run="mood/001")
    seeds, dropped = read([path], replace(COLUMNS, since=since, rules=rules), notes=notes)
    assert [(seed.fields["message"], seed.labels["size"]) for seed in seeds] == [("mm", "2"), ("mmm", "3")]
    assert dropped.height == 1
    assert "1 more stay, since run mood/001 has them" in notes[0]


def test_logged_chats_have_the_time_of_their_log(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"m{n}"}], "response": {"created": at}}
        for n, at in enumerate((1_780_000_000, 1_793_613_600))
    ]
    columns = replace(COLUMNS, variables=["messages"], logged=True, blank=["system"], chats={"messages": True})
    seeds, dropped = read([write(tmp_path / "log.jsonl", *rows)], columns)
    assert [seed.fields["messages"][0]["content"] for seed in seeds] == ["m1"]
    assert dropped.height == 1


def test_a_column_that_is_not_there_and_no_row_left_are_faults(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"message": "a", "time": "2026-10-15"})
    with pytest.raises(SpecError, match=r"no row has the time column 'when'"):
        read([path], replace(COLUMNS, since=replace(NOVEMBER, column="when")))
    with pytest.raises(SpecError, match=r"all 1 rows are from before seeds.since"):
        read([path], COLUMNS)
