"""A folder as the hub and its loaders read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_rows import ANSWERED, CALL, PLAIN, TALK
from markdown_it import MarkdownIt

from distill.student.formats import hub, hub_card
from distill.student.formats.hub_card import DatasetFacts, SplitFile

SAMPLE = {"stratum": "a", "answer": "x", "teacher": 0, "score": 0.5, "model": "gpt-x"}
TEST = {"seed_id": "t", "messages": PLAIN.prompt, "gold": {"k": "é"}, "id": "T-1"}
HOSTILE = "<script>x()</script> | [a](http://e.example) ![i](http://e.example/x.png)\n\n# no"


def rows() -> dict[str, Any]:
    train = [hub.training(row, SAMPLE, None) for row in (PLAIN, TALK, CALL, ANSWERED)]
    return {"train": train, "valid": train[:1], "test": [hub.test(TEST, "b")]}


def facts(**own: Any) -> DatasetFacts:
    plain: dict[str, Any] = {
        "run": "t/001", "task": "t", "about": "What it is.", "license": None, "language": None,
        "splits": [SplitFile("train", hub.DATA.format("train"), 4, "ab" * 32), SplitFile("test", hub.DATA.format("test"), 1, "cd" * 32)],
        "answered_by": {"gpt-x": 4}, "teachers": ["gpt-x"], "terms": "for ourselves", "gates": ["schema", 'length {"max_tokens": 30}'],
        "dropped": {("schema", "not_json"): 3}, "synthetic_seeds": 0, "version": "0.1.0",
    }  # fmt: skip
    return DatasetFacts(**{**plain, **own})


def test_load_dataset_reads_every_split_with_the_same_columns(tmp_path: Path) -> None:
    """By the card's own configs, as `load_dataset("org/name")` does."""
    datasets = pytest.importorskip("datasets", reason="the training extra is not installed")
    datasets.disable_progress_bars()
    written = hub.write(tmp_path, rows())
    splits = [SplitFile(split, hub.DATA.format(split), written[hub.DATA.format(split)], "0") for split in hub.SPLITS]
    (tmp_path / "README.md").write_text(hub_card.card(facts(splits=splits)), encoding="utf-8")
    read = datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert {name: part.num_rows for name, part in read.items()} == {"train": 4, "validation": 1, "test": 1}
    assert read["test"][0]["gold"] == '{"k": "é"}'
    assert (read["test"][0]["id"], read["train"][0]["id"]) == ("T-1", None)
    for row, given in zip(read["train"], (PLAIN, TALK, CALL, ANSWERED), strict=True):
        turns = [{key: value for key, value in turn.items() if value not in (None, [])} for turn in row["messages"]]
        assert turns == [{key: value for key, value in turn.items() if value is not None} for turn in given.messages]
        assert json.loads(row["tools"] or "[]") == list(given.tools)


def test_columns_that_no_row_needs_are_left_out_and_files_of_before_go(tmp_path: Path) -> None:
    import polars as pl

    hub.write(tmp_path, rows())
    written = hub.write(tmp_path, {"train": [hub.training(PLAIN, SAMPLE, None)]})
    assert list(written) == [hub.DATA.format("train")]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["train-00000-of-00001.parquet"]
    table = pl.read_parquet(tmp_path / hub.DATA.format("train"))
    assert table.columns == ["seed_id", "stratum", "messages", "gold", "score", "answered_by"]
    assert set(table["messages"][0][0]) == {"role", "content"}


def test_the_front_matter_is_valid_for_the_hubs_own_class() -> None:
    huggingface_hub = pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")
    page = hub_card.card(facts(license="cc-by-4.0", language="en"))
    data = huggingface_hub.DatasetCard(page).data.to_dict()
    assert (data["license"], data["language"]) == ("cc-by-4.0", ["en"])
    assert data["task_categories"] == ["text-generation"]
    assert data["size_categories"] == ["n<1K"]
    assert data["tags"] == ["distill", "synthetic"]
    assert data["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train-00000-of-00001.parquet"},
        {"split": "test", "path": "data/test-00000-of-00001.parquet"},
    ]


@pytest.mark.parametrize(
    ("count", "size"), [(999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (2_000_000, "1M<n<10M")]
)
def test_the_size_is_that_of_all_splits(count: int, size: str) -> None:
    splits = [SplitFile("train", "x", count - 9, ""), SplitFile("test", "y", 9, "")]
    assert hub_card.front_matter(facts(splits=splits))["size_categories"] == [size]


def test_people_alone_answered_is_not_synthetic_and_an_unknown_license_is_said_to_be() -> None:
    front = hub_card.front_matter(facts(answered_by={"gold": 4}))
    assert (front["tags"], front["license"], "language" in front) == (["distill"], "unknown", False)


def test_the_card_says_where_everything_comes_from_and_takes_nothing_for_markup() -> None:
    page = hub_card.card(facts(about=HOSTILE, terms=HOSTILE, answered_by={HOSTILE: 4}, dropped={(HOSTILE, "x"): 1}))
    head, _, body = page.removeprefix("---\n").partition("\n---\n")
    assert yaml.safe_load(head)["pretty_name"] == "t"
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    assert "<script" not in shown
    assert "<a " not in shown
    assert "<img" not in shown
    assert shown.count("<h1>") == 1
    for said in ("ab" * 32, "not stated", "schema, length", "4 rows"):
        assert said in shown
