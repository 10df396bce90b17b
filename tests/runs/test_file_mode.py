"""Mode file through whole runs: command after command, as cron gives them, while somebody else answers the files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from answered_folder import answer, asked
from by_batch import DATASET, Said, double, run

from distill.errors import UsageError
from distill.pipeline.open_task import open_task
from distill.task.run import ORDER
from distill.teacher.batch import journal
from distill.teacher.endpoint.address import BY_FILE, opened
from distill.teacher.schedule import InBatches
from distill.teacher.store import store as stores

T = TypeVar("T")
FOLDER = "teacher.batch={rows: 12, poll_s: 0.05, grace_s: 0, folder: ../files}"


async def test_request_files_end_in_the_bytes_of_live_calls(task: Path) -> None:
    """Exam, dataset and test rows go by file, each command exits with 3 until the last; nothing is sent, and the price is whole."""
    exam, folder, files = "teacher.exam.rows=4", task.parent / "files", list[int]()
    ends = set[tuple[int, bool]]()
    async with double() as server:
        whole = await run(task, server, "live", exam, home="live", stages=ORDER)
        server.ledger.entries.clear()
        result = None
        while result is None:
            try:
                result = await run(task, server, "file", exam, FOLDER, home="file", stages=ORDER)
            except InBatches as left:
                ends.add((left.exit_code, "vllm run-batch" in str(left)))
                files.append(sum(map(len, asked(folder).values())))
                answer(folder)
        assert not server.ledger.entries
    assert ends == {(3, True)}
    assert (files[0], len(files)) == (8, 2), "the exam goes first, in a file of its own"
    assert [(result.folder / name).read_bytes() for name in DATASET] == [
        (whole.folder / name).read_bytes() for name in DATASET
    ]
    assert (result.exit_code, result.usd) == (0, pytest.approx(whole.usd))
    assert len(list((folder / "done").iterdir())) > 2


async def until(seen: Callable[[], T]) -> T:
    """What is seen once something is."""
    async with asyncio.timeout(30):
        while True:
            if found := seen():
                return found
            await asyncio.sleep(0.02)


async def test_a_waiting_command_goes_on_when_the_results_are_there(task: Path) -> None:
    folder, said = task.parent / "files", Said()
    async with double() as server:
        waiting = asyncio.create_task(run(task, server, "file", FOLDER, wait=True, watch=said))
        files = await until(lambda: sum(map(len, asked(folder).values())) >= 20 and asked(folder))
        for path in answer(folder, keep=lambda number: number % 2 == 0):
            path.rename(path.with_name(f"half-{path.name}"))
        await until(lambda: any("results are incomplete" in text for text in said.lines))
        answer(folder)
        assert (await asyncio.wait_for(waiting, 60)).exit_code == 0
    assert any(f"of {len(rows)} rows done" in text for text in said.lines for rows in files.values())


async def test_rows_in_a_file_go_no_other_way_when_the_mode_is_changed(task: Path) -> None:
    """By file first, then by batch and live at the address that the spec names: one identity, and each row once."""
    async with double() as server:
        named, folder = f"teacher.base_url={server.base_url}", task.parent / "files"
        with pytest.raises(InBatches):
            await run(task, server, "file", named, FOLDER, "dataset.accept=5")
        out = sum(map(len, asked(folder).values()))
        with pytest.raises(InBatches):
            await run(task, server, "batch", named, FOLDER)
        with pytest.raises(InBatches, match="request file"):
            await run(task, server, "file", named, FOLDER)
        with stores.opened(task.parent / "home" / ".distill" / "answers.db") as store:
            assert {one.by_file: one.requests for one in journal.opened(store)}.keys() == {True, False}
        answer(folder)
        server.states.clock.step(2 * 3600)
        result = await run(task, server, "live", named, FOLDER)
        assert result.exit_code == 0
        assert set(server.ledger.billed.values()) == {1}
        with stores.opened(task.parent / "home" / ".distill" / "answers.db") as store:
            assert not journal.opened(store)
            assert store.query("SELECT count(*) FROM answers").fetchone()[0] == out + len(server.ledger.billed)


async def test_a_preview_goes_by_file_too(task: Path) -> None:
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "file", FOLDER, "dataset.preview=3")
        assert [len(rows) for rows in asked(task.parent / "files").values()] == [3]
        assert not server.ledger.entries


async def test_a_model_that_answers_by_file_has_no_address(task: Path) -> None:
    """No key is asked for, OPENAI_BASE_URL is none of its business, and no call leaves by mistake."""
    file = open_task(
        task, overrides=["teacher.model=org/m", "teacher.mode=file"], env={"OPENAI_BASE_URL": "http://a/v1"}
    )
    at = file.teacher
    assert (at.identity, at.shown, at.keyless, at.faults(), at.dialect) == (BY_FILE, BY_FILE, False, [], "chat")
    assert at.price is not None
    at.check()
    with pytest.raises(UsageError, match="mode: file"):
        async with opened(at):
            raise AssertionError("it was opened")
    named = open_task(
        task, overrides=["teacher.model=org/m", "teacher.mode=file", "teacher.base_url=http://gpu:1/v1/", "budget.usd=1"], env={}
    )  # fmt: skip
    assert named.teacher.identity == "http://gpu:1/v1"
