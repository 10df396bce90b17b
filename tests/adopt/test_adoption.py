"""What is known of an adopted tune is read back, found again by either name, and never mixed with another task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from distill.adopt import adoption as adoptions
from distill.adopt.adoption import Adoption
from distill.adopt.host.files import TuneFile
from distill.adopt.host.tunes import Tune
from distill.errors import UsageError

TUNE = Tune(
    "ftjob-AbC123xyz",
    "ft:gpt-4o:acme:Router Two:x1",
    "gpt-4o",
    "succeeded",
    hyperparameters={"n_epochs": "auto"},
    result_files=["f3"],
)


def kept(folder: Path, tune: Tune = TUNE) -> Adoption:
    found = Adoption(
        tune, "host", [TuneFile("training", "f1", "training.jsonl", "gone", why="404")], "2027-01-14", dark=True
    )
    adoptions.write(folder, found)
    return found


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert adoptions.read(tmp_path) is None
    assert kept(tmp_path) == adoptions.read(tmp_path)


def test_it_is_found_by_its_job_and_by_its_model(tmp_path: Path) -> None:
    found = kept(tmp_path / "prompts" / "router")
    for name in (TUNE.job_id, str(TUNE.model)):
        assert adoptions.found(tmp_path, name, None) == (tmp_path / "prompts" / "router", found)
    assert adoptions.found(tmp_path, "ftjob-other", None) is None
    assert adoptions.found(tmp_path, TUNE.job_id, tmp_path / "elsewhere") is None


def test_two_tunes_of_one_name_have_folders_of_their_own(tmp_path: Path) -> None:
    first = adoptions.place(tmp_path, TUNE, None)
    kept(first)
    assert first == tmp_path / "prompts" / "router-two"
    second = adoptions.place(tmp_path, replace(TUNE, job_id="ftjob-other9"), None)
    assert second == tmp_path / "prompts" / "router-two-other9"


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text("task: mine")
    with pytest.raises(UsageError, match="already holds another task; nothing was written"):
        adoptions.place(tmp_path, TUNE, tmp_path)
    for name in ("router-two", "router-two-123xyz"):
        kept(tmp_path / "prompts" / name)
    with pytest.raises(UsageError, match="--into FOLDER"):
        adoptions.place(tmp_path, TUNE, None)


@pytest.mark.parametrize("text", ["", "[]", '{"tune": 1}'])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "tune").mkdir()
    (tmp_path / "tune" / "adopted.json").write_text(text)
    with pytest.raises(UsageError, match=r"adopted\.json cannot be read"):
        adoptions.read(tmp_path)
