"""Our job is found among all that a host lists, in whatever order and pages, with or without its tag."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tuning_host
from hosted_work import Work, killed_at_the_create

from distill.student.hosts.job import TuneError


async def test_killed_between_create_and_record_there_is_exactly_one_job(work: Work, tmp_path: Path) -> None:
    async with tuning_host.serve(faults=["hang"]) as host:
        await killed_at_the_create(host, tmp_path)
        assert json.loads(work.state.read_text())["job_id"] is None
        result = await work.tune(host)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


@pytest.mark.parametrize(
    "how",
    [
        {"metadata": False},
        {"metadata": False, "page": 2},
        {"metadata": False, "page": 2, "oldest_first": True},
        {"page": 1, "oldest_first": True},
    ],
    ids=str,
)
async def test_a_job_is_found_by_its_training_file_where_the_host_gives_no_metadata(
    work: Work, tmp_path: Path, how: dict[str, Any]
) -> None:
    """Killed between create and record, in any order and any pages of the host's list: one job."""
    async with tuning_host.serve() as host:
        for name, value in how.items():
            setattr(host, name, value)
        for rows in (13, 14, 15):  # other people's jobs
            (tmp_path / str(rows)).mkdir()
            await Work(tmp_path / str(rows), rows).tune(host)
        host.faults.append("hang")
        host.created.clear()
        await killed_at_the_create(host, tmp_path)
        result = await work.tune(host)
        assert (host.creates, len(host.jobs), result.job_id) == (4, 4, "ftjob-4")


async def test_a_create_whose_answer_was_lost_is_adopted_without_metadata(work: Work) -> None:
    async with tuning_host.serve(faults=["lost"]) as host:
        host.metadata = False
        result = await work.tune(host)
        assert (host.creates, list(host.jobs)) == (1, [result.job_id])


@pytest.mark.parametrize(("model", "word"), [("fail-tiny", "Error"), ("cancel-tiny", "Canceled")])
async def test_a_job_that_ended_badly_in_other_words_is_not_adopted(work: Work, model: str, word: str) -> None:
    async with tuning_host.serve() as host:
        host.words = {"failed": word, "cancelled": word}
        for _ in range(2):
            with pytest.raises(TuneError, match=r"failed|was cancelled"):
                await work.tune(host, model)
        assert host.creates == 2
