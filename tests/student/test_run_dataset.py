"""A run's dataset, read back: rows by seed, and what is said where files do not belong together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.pipeline.run import start
from distill.rundir import RunDir
from distill.student import run_dataset
from distill.teacher.progress import Silent


@pytest.fixture
def exported(task: Path) -> Run:
    return start(open_task(task, env={}), stages=("generate", "curate", "export"), watch=Silent())


@pytest.fixture
def folder(task: Path, exported: Run) -> RunDir:
    return RunDir(task.parent, "mood", 1)


def test_rows_are_those_of_the_files_with_their_seeds(folder: RunDir, exported: Run) -> None:
    data = run_dataset.of_run(folder)
    assert data.spec.task == "mood"
    for fate in ("train", "valid"):
        rows = data.rows(fate)
        assert len(rows) == exported.dataset.filter(fate=fate).height > 0
        answers = dict(exported.dataset.select("seed_id", "answer").iter_rows())
        assert {row.seed_id: row.answer["content"] for row in rows}.items() <= answers.items()
        assert list(rows) == list(rows)
    assert len(data.tests()) == 12


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes().split(b"\n", 1)[1]), "another one"),
        (lambda path: path.write_bytes(path.read_bytes() + b"{}\n"), "shorter"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"mood", b"food", 3)), "is another one"),
        (lambda path: path.write_bytes(b"[]\n" + path.read_bytes()), "`distill export SPEC`"),
    ],
)
def test_a_file_of_other_samples_is_refused(folder: RunDir, break_it: Callable[[Path], object], said: str) -> None:
    break_it(folder.path / "train.jsonl")
    with pytest.raises(UsageError, match="is not the file that samples") as fault:
        list(run_dataset.of_run(folder).rows("train"))
    assert said in str(fault.value)


def test_what_was_not_exported_is_named_with_the_command(folder: RunDir) -> None:
    (folder.path / "train.jsonl").unlink()
    with pytest.raises(UsageError, match=r"mood/001 has no train.jsonl; `distill export mood` writes it"):
        run_dataset.of_run(folder)


def test_a_spec_of_another_version_is_said_to_be_one(folder: RunDir) -> None:
    path = folder.path / "spec.json"
    path.write_text(path.read_text().replace('"seeds"', '"sedes"'))
    with pytest.raises(UsageError, match="of another version of distill"):
        run_dataset.of_run(folder)
