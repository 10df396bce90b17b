"""Preference pairs as their trainers read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chat_rows import CALL, PLAIN, TALK, call, said

from distill.student.export import ORIGINS, write_format
from distill.student.formats.registry import FORMATS
from distill.student.formats.row import PreferenceRow

PAIRS = [
    PreferenceRow(PLAIN, said("no idea"), {"seed_id": "plain", "reason": "judge: 0.90 against 0.20"}),
    PreferenceRow(TALK, said("what?"), {"seed_id": "talk", "reason": "dropped by length: too_short"}),
    PreferenceRow(CALL, call("look", {"id": "seven"}), {"seed_id": "call", "reason": "tools: 1.00 against 0.00"}),
]


def test_openai_pairs_share_their_input_and_name_no_other_key(tmp_path: Path) -> None:
    form = FORMATS["openai-preference"]
    assert form.pair is not None
    made = write_format("openai-preference", {"train": PAIRS}, form.pair, folder=tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_bytes().split(b"\n")[:-1]]
    for row, pair in zip(rows, PAIRS, strict=True):
        assert list(row) == ["input", "preferred_output", "non_preferred_output"]
        assert row["preferred_output"] == [pair.row.answer]
        assert row["non_preferred_output"] == [pair.rejected]
        assert [turn["content"] for turn in row["input"]["messages"]] == [t["content"] for t in pair.row.messages[:-1]]
        assert not any("weight" in turn for turn in row["input"]["messages"])
    assert rows[2]["input"]["tools"] == list(CALL.tools)
    assert made.rows == {"train.jsonl": 3}


def test_where_each_pair_comes_from_stands_beside_it_line_by_line(tmp_path: Path) -> None:
    form = FORMATS["trl-preference"]
    assert form.pair is not None
    made = write_format("trl-preference", {"train": PAIRS, "valid": PAIRS[:1]}, form.pair, folder=tmp_path)
    origins = [json.loads(line) for line in (tmp_path / ORIGINS).read_text().splitlines()]
    assert made.beside == [ORIGINS]
    assert [(one["file"], one["line"], one["seed_id"]) for one in origins] == [
        ("train.jsonl", 1, "plain"), ("train.jsonl", 2, "talk"), ("train.jsonl", 3, "call"), ("valid.jsonl", 1, "plain")
    ]  # fmt: skip
    assert origins[1]["reason"] == "dropped by length: too_short"


def test_datasets_reads_trl_pairs_with_both_answers_whole(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the training extra is not installed")
    datasets.disable_progress_bars()
    form = FORMATS["trl-preference"]
    assert form.pair is not None
    write_format("trl-preference", {"train": PAIRS}, form.pair, folder=tmp_path)
    read = datasets.load_dataset(
        "json", data_files=str(tmp_path / "train.jsonl"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert [row["rejected"][0]["content"] for row in read] == ["no idea", "what?", None]
    assert read[2]["chosen"][0]["tool_calls"][0]["function"]["arguments"] == {"id": 7}
    assert read[2]["rejected"][0]["tool_calls"][0]["function"]["arguments"] == {"id": "seven"}
    assert [bool(row["tools"]) for row in read] == [False, False, True]
