"""A task is made of whatever files there are, and says what it left out; without enough rows it says what was saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import old_tunes
import pytest
import yaml
from chat_files import TOOLS, call, preference, turn

from distill.adopt.adoption import TUNE, Adoption
from distill.adopt.host.files import TuneFile
from distill.adopt.host.tunes import Tune
from distill.adopt.task.written import StudentAndPrice, WrittenTask, write_task
from distill.errors import UsageError
from distill.money import Rate
from distill.pipeline.open_task import open_task

TUNED = Tune("ftjob-1", "ft:tiny:acme:router:1x", "tiny", "succeeded", hyperparameters={"n_epochs": 3})
CHOICE = StudentAndPrice("linear", "http://127.0.0.1:1/v1", "OPENAI_API_KEY", Rate(0, 0))


def made(
    folder: Path,
    training: Sequence[object],
    validation: Sequence[object] | None = None,
    *,
    files: Sequence[TuneFile] = (),
) -> WrittenTask:
    for name, rows in (("training", training), ("validation", validation)):
        if rows is not None:
            (folder / TUNE).mkdir(parents=True, exist_ok=True)
            lines = (row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
            (folder / TUNE / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return write_task(folder, Adoption(TUNED, "host", files=files), CHOICE)


def spec(folder: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "task.yaml").read_text()))


def test_the_task_opens_and_its_rows_are_the_tunes(tmp_path: Path) -> None:
    found = made(tmp_path / "router", old_tunes.rows(60), old_tunes.rows(15, start=100))
    task = open_task(found.spec, env={})
    assert (found.rows, found.refused, found.tests) == (60, 0, 15)
    assert (len(task.seeds), len(task.pinned), task.spec.task) == (60, 15, "router")
    assert task.seeds[0].gold == {"answer": "billing"}
    assert (
        task.teacher_prompt.text
        == task.student_prompt.text
        == f"[system]\n{old_tunes.SYSTEM}\n[messages]\n{{{{messages}}}}\n"
    )
    assert "all rows share one system prompt: it is the teacher's and the student's" in found.notes


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    made(tmp_path, old_tunes.rows(60))
    (tmp_path / "teacher.md").write_text("mine")
    (tmp_path / "task.yaml").unlink()
    made(tmp_path, old_tunes.rows(60))
    assert (tmp_path / "teacher.md").read_text() == "mine"
    assert (tmp_path / "task.yaml").exists()


@pytest.mark.parametrize(
    ("validation", "said"),
    [
        (old_tunes.rows(20), "20 of 20 rows of validation.jsonl stand in the training file too"),
        (old_tunes.rows(5, start=100), "validation.jsonl has 5 rows that can be used, too few for a test"),
    ],
)
def test_a_validation_file_that_is_no_test_is_replaced_by_a_split(
    tmp_path: Path, validation: list[object], said: str
) -> None:
    found = made(tmp_path, old_tunes.rows(60), validation)
    assert found.tests is None
    assert found.notes[0] == f"{said}; a part of training.jsonl is held out in its place"
    assert spec(tmp_path)["seeds"]["test"] == {"rows": 20, "gold": True}


def test_the_validation_file_stands_for_a_training_file_that_is_gone(tmp_path: Path) -> None:
    found = made(tmp_path, [b"{broken"], old_tunes.rows(30))
    assert (found.rows, found.tests, spec(tmp_path)["seeds"]["from"]) == (30, None, "tune/validation.jsonl")


def test_each_row_that_is_left_out_has_its_reason(tmp_path: Path) -> None:
    picture = {"messages": [turn("user", [{"type": "image_url", "image_url": {"url": "x"}}]), turn("assistant", "a")]}
    found = made(tmp_path, [*old_tunes.rows(20), picture, b"{torn"])
    assert found.refused == 2
    assert "2 rows cannot be used and are left out (`broken: drop`); a run lists each" in found.notes
    assert any(":21: " in note and "image_url" in note for note in found.notes)
    assert open_task(found.spec, env={}).bad_rows.height == 2


def test_several_system_prompts_stay_with_their_rows(tmp_path: Path) -> None:
    found = made(tmp_path, [old_tunes.row(i, f"Prompt {i % 3}.") for i in range(30)])
    assert "3 different system prompts: each row keeps its own" in found.notes
    seeds = open_task(found.spec, env={}).seeds
    assert {seed.fields["system"] for seed in seeds} == {"Prompt 0.", "Prompt 1.", "Prompt 2."}


def test_preference_pairs_are_adopted_as_chats(tmp_path: Path) -> None:
    found = made(tmp_path, [preference(i) for i in range(20)])
    assert (found.rows, spec(tmp_path)["seeds"]["from"]) == (20, "tune/training.chats.jsonl")
    assert (tmp_path / "tune" / "training.jsonl").read_bytes() == b"".join(
        json.dumps(preference(i)).encode() + b"\n" for i in range(20)
    )


def test_rows_of_a_reinforcement_job_are_for_the_tune_to_answer(tmp_path: Path) -> None:
    rows = [{"messages": [turn("user", old_tunes.message(i)[0])], "reference": i} for i in range(20)]
    found = made(tmp_path, rows)
    assert any(note.startswith("20 rows have no known answer: the old tune is asked") for note in found.notes)


def test_a_tune_that_calls_tools_ends_at_its_dataset(tmp_path: Path) -> None:
    choice = StudentAndPrice(None, CHOICE.base_url, CHOICE.key_env, CHOICE.price)
    rows = [
        {
            "messages": [turn("user", old_tunes.message(i)[0]), turn("assistant", None, tool_calls=[call()])],
            "tools": TOOLS,
        }
        for i in range(20)
    ]
    (tmp_path / "tune").mkdir()
    (tmp_path / "tune" / "training.jsonl").write_bytes(old_tunes.lines(rows))
    found = write_task(tmp_path, Adoption(TUNED, "host"), choice)
    assert any("the chats call tools" in note for note in found.notes)
    assert open_task(found.spec, env={}).spec.student.train.with_ == "none"


def test_too_few_rows_say_what_was_saved_and_what_to_do(tmp_path: Path) -> None:
    gone = TuneFile("training", "file-1", "training.jsonl", "gone", why="No such File object")
    saved = TuneFile("result", "file-2", "result.csv", "saved", 12)
    with pytest.raises(UsageError) as fault:
        made(tmp_path, [], files=[gone, saved])
    said = str(fault.value)
    assert (
        "training.jsonl is gone (No such File object); training.jsonl has 0 rows that can be used, and a task needs 10"
        in said
    )
    assert "saved all the same, in" in said
    assert "job.json, result.csv" in said
    assert "--training FILE" in said
    assert not (tmp_path / "task.yaml").exists()
