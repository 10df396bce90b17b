"""The files of a tune are fetched once, whatever stops the command between them, and the task needs its host no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import old_tunes
import pytest
import tuning_host
from tuning_jobs import TuningHost

from distill.adopt import adoption as adoptions
from distill.adopt.files import AdoptedFiles, AdoptRequest, noted_dark, take
from distill.errors import UsageError
from distill.student.hosts.job import TuneError

MODEL = "ft:tiny:acme:router:1x"


@pytest.fixture
async def host() -> AsyncIterator[TuningHost]:
    async with tuning_host.serve() as served:
        old_tunes.tuned(served, old_tunes.rows(40), old_tunes.rows(12, start=100), result_files=["file-r"])
        served.files["file-r"] = served.files["file-1"] | {"data": b"c3RlcCxsb3NzCjEsMC41Cg=="}
        yield served


async def taken(host: TuningHost, home: Path, given: str = "ftjob-1", **more: Any) -> AdoptedFiles:
    return await take(AdoptRequest(given, host.base_url, base="linear", **more), home, {})


async def test_job_files_and_task_lie_in_one_folder(host: TuningHost, tmp_path: Path) -> None:
    host.ends[MODEL] = "2027-01-14"
    found = await taken(host, tmp_path)
    folder = tmp_path / "prompts" / "router"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "student.md", "task.yaml", "teacher.md", "tune/adopted.json", "tune/job.json", "tune/result.csv", "tune/training.jsonl",
        "tune/validation.jsonl",
    ]  # fmt: skip
    assert (folder / "tune" / "training.jsonl").read_bytes() == host.files["file-1"]["data"]
    assert (folder / "tune" / "result.csv").read_bytes() == b"step,loss\n1,0.5\n"
    assert (found.adoption.last_day, found.adoption.dark) == ("2027-01-14", False)
    assert 'shutdown_date: "2027-01-14"' in (folder / "task.yaml").read_text()


async def test_again_the_host_is_not_asked(host: TuningHost, tmp_path: Path) -> None:
    first = await taken(host, tmp_path)
    host.refused["/v1/"] = 500
    for name in ("ftjob-1", MODEL):
        again = await taken(host, tmp_path, name)
        assert (again.adoption, again.folder, again.task) == (first.adoption, first.folder, None)


async def test_a_stop_between_two_files_goes_on_behind_the_first(host: TuningHost, tmp_path: Path) -> None:
    host.refused["/files/file-2/content"] = 422
    with pytest.raises(TuneError, match="what was reached is kept, run again"):
        await taken(host, tmp_path)
    folder = tmp_path / "prompts" / "router"
    assert (folder / "tune" / "training.jsonl").exists()
    assert not (folder / "task.yaml").exists()
    del host.files["file-1"]  # it would be a 404 now
    host.refused.clear()
    found = await taken(host, tmp_path)
    assert [(one.name, one.state) for one in found.files] == [
        ("training.jsonl", "saved"),
        ("validation.jsonl", "saved"),
        ("result.csv", "saved"),
    ]


async def test_files_that_are_gone_leave_the_others_and_ones_own_copy_stands_in(
    host: TuningHost, tmp_path: Path
) -> None:
    del host.files["file-1"], host.files["file-2"]
    with pytest.raises(UsageError, match=r"(?s)training.jsonl is gone .*saved all the same.*result\.csv"):
        await taken(host, tmp_path)
    copy = tmp_path / "mine.jsonl"
    copy.write_bytes(old_tunes.lines(old_tunes.rows(30)))
    found = await taken(host, tmp_path, own={"training": copy})
    assert found.task is not None
    assert (found.task.rows, {one.name: one.state for one in found.files}["training.jsonl"]) == (30, "given")
    with pytest.raises(UsageError, match=r"nowhere\.jsonl"):
        await taken(host, tmp_path, own={"training": tmp_path / "nowhere.jsonl"}, into=tmp_path / "other")


async def test_a_tune_that_is_dark_already_is_no_arm(host: TuningHost, tmp_path: Path) -> None:
    host.dark.add(MODEL)
    found = await taken(host, tmp_path)
    assert found.adoption.dark
    assert "arms: [student]" in found.spec.read_text()


async def test_what_its_host_says_later_is_kept(host: TuningHost, tmp_path: Path) -> None:
    found = noted_dark(await taken(host, tmp_path))
    assert adoptions.read(found.folder) == found.adoption
    assert found.adoption.dark


async def test_a_folder_of_ones_own_is_not_touched(host: TuningHost, tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text("task: mine")
    with pytest.raises(UsageError, match="already holds another task"):
        await taken(host, tmp_path, into=tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "task.yaml"]  # noqa: ASYNC240 - a folder of one file
