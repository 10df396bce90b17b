"""ablation.json: read back as it was written, and only while the dataset and what was dropped are those that it is about."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from ablations import ABLATION, COUNTS

from distill.atomic_write import write_json
from distill.errors import UsageError
from distill.evaluate.ablation.result import AblationFile, ablation_key, read_ablations
from distill.rundir import RunDir


@pytest.fixture
def folder(tmp_path: Path) -> RunDir:
    run = RunDir(tmp_path, "mood", 1)
    run.path.mkdir(parents=True)
    for name in ("train.jsonl", "valid.jsonl", "test.jsonl", "samples.parquet", "dropped.parquet"):
        (run.path / name).write_text("{}\n")
    write_json(run.path / "ablation.json", asdict(AblationFile(ablation_key(run), {"lora": ABLATION})))
    return run


def test_an_ablation_is_read_back_as_it_was_written(folder: RunDir) -> None:
    assert read_ablations(folder) == {"lora": ABLATION}


@pytest.mark.parametrize("name", ["valid.jsonl", "dropped.parquet"])
def test_one_of_other_rows_or_drops_is_left_out(name: str, folder: RunDir) -> None:
    (folder.path / name).write_text("{}\n{}\n")
    assert read_ablations(folder) == {}
    (folder.path / "ablation.json").unlink()
    assert read_ablations(folder) == {}


def test_a_torn_file_names_the_command_that_writes_it(folder: RunDir) -> None:
    torn = json.loads((folder.path / "ablation.json").read_text())
    del torn["ablations"]["lora"]["left_out"]
    (folder.path / "ablation.json").write_text(json.dumps(torn))
    with pytest.raises(
        UsageError, match=r"ablations\.lora\.left_out is missing.*`distill ablate mood` writes it again"
    ):
        read_ablations(folder)


def test_counts_that_lose_a_row_do_not_add_up() -> None:
    assert COUNTS.add_up
    assert COUNTS.dataset == 280
    assert not replace(COUNTS, cut=59).add_up
