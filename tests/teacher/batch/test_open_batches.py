"""A batch that is out is found by whoever asks for its rows, and told of by whoever no longer can reach it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest
from by_batch import Said, double, run

from distill.cli.text.status import status_lines
from distill.rundir import RunDir
from distill.teacher.batch import journal
from distill.teacher.endpoint.wire import without_user
from distill.teacher.schedule import InBatches, StoppedWaiting
from distill.teacher.store.store import opened
from distill.views.status import status


class Submitted(Said):
    def __init__(self) -> None:
        super().__init__()
        self.submitted = asyncio.Event()

    def say(self, text: str) -> None:
        if "submitted" in text:
            self.submitted.set()


def renamed(task: Path, *, to: str = "temper", moved: bool = False) -> None:
    task.write_text(re.sub(r"(?m)^task: .*", f"task: {to}", task.read_text()))
    if moved:
        (task.parent / "home" / "runs").rename(task.parent / "old-runs")


@pytest.mark.parametrize("mode", ["batch", "live"])
@pytest.mark.parametrize("moved", [False, True], ids=["", "runs moved"])
async def test_a_renamed_task_collects_what_its_old_run_has_out(task: Path, mode: str, moved: bool) -> None:
    """By batch and live: never sent twice, told where the rows are, and the money stays with the run that spent it."""
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch")
        renamed(task, moved=moved)
        with pytest.raises(
            InBatches, match=r"in batch batch_\w+ of run mood/001, submitted 20\d\d-.*collected by this command"
        ) as left:
            await run(task, server, mode)
        assert "could not be answered" not in str(left.value)
        server.states.clock.step(2 * 3600)
        result = await run(task, server, mode)
        assert (result.name, result.exit_code) == ("temper/001", 0)
        assert set(server.ledger.billed.values()) == {1}
        assert not server.ledger.sends
        with opened(task.parent / "home" / ".distill" / "answers.db") as store:
            assert not journal.opened(store)
            assert store.spent("mood/001") == pytest.approx(server.ledger.usd)
            assert result.usd == 0


async def test_a_run_that_is_at_work_keeps_its_batches(task: Path) -> None:
    """Its process collects them; the other command says so, and touches nothing."""
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch")
        renamed(task)
        server.states.clock.step(2 * 3600)
        with (
            RunDir(task.parent / "home", "mood", 1).lock(),
            pytest.raises(InBatches, match=r"collected by process \d+"),
        ):
            await run(task, server, "batch")
        result = await run(task, server, "batch")
        assert result.exit_code == 0
        assert set(server.ledger.billed.values()) == {1}


async def test_two_tasks_that_ask_the_same_share_one_batch(task: Path) -> None:
    """The first one finds its answers there, collected by the second."""
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch")
        renamed(task)
        server.states.clock.step(2 * 3600)
        assert (await run(task, server, "batch")).exit_code == 0
        renamed(task, to="mood")
        first = await run(task, server, "batch")
        assert (first.name, first.exit_code) == ("mood/001", 0)
        assert first.usd == pytest.approx(server.ledger.usd)
        assert set(server.ledger.billed.values()) == {1}


async def test_a_batch_that_is_left_at_an_old_address_is_told_kept_and_collected_there(task: Path) -> None:
    """One line names the host, the batch, its rows and its money; the old base_url collects it."""
    async with double() as first, double() as second:
        with pytest.raises(InBatches):
            await run(task, first, "batch", "teacher.batch={rows: 100, grace_s: 0, lost_s: 0}")
        (name,) = first.states.batches
        watch = Said()
        result = await run(task, second, "live", watch=watch)
        assert result.exit_code == 0
        (line,) = (line for line in watch.lines if "was left at" in line)
        with opened(task.parent / "home" / ".distill" / "answers.db") as store:
            (batch,) = journal.opened(store)
            reserved = journal.booked_usd(store, batch.key)
        for part in (name, first.base_url, f"{batch.requests} rows", f"${reserved:.4f}", "base_url"):
            assert part in line
        assert result.usd == pytest.approx(second.ledger.usd + reserved)
        first.states.clock.step(2 * 3600)
        back = Said()
        again = await run(task, first, "batch", watch=back)
        assert again.exit_code == 0
        assert not any("was left at" in line for line in back.lines)
        assert set(first.ledger.billed.values()) == {1}
        assert again.usd == pytest.approx(first.ledger.usd + second.ledger.usd)


async def test_status_shows_where_a_batch_is_out_and_those_of_other_runs(task: Path) -> None:
    async with double() as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch", home=".")
        lines = "\n".join(status_lines(status(task, ())))
        assert f"submitted at {server.base_url}, 12 rows, at most $" in lines
        renamed(task)
        other = status(task, ())
        assert (other.run, other.batches) == (None, ())
        assert {one.run for one in other.other_batches} == {"mood/001"}
        assert "of run mood/001: batch_" in "\n".join(status_lines(other))


async def test_ctrl_c_while_batches_are_waited_for_is_prompt_and_says_so(task: Path) -> None:
    """The batch goes on at the host, and the next command finds it."""
    async with double() as server:
        settings = "teacher.batch={poll_s: 1000, rows: 100}"
        watch = Submitted()
        work = asyncio.ensure_future(run(task, server, "batch", settings, wait=True, watch=watch))
        await watch.submitted.wait()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(StoppedWaiting, match="Stopped waiting; they go on at the host") as stopped:
            await asyncio.wait_for(work, 20)
        assert stopped.value.exit_code == 130
        server.states.clock.step(2 * 3600)
        assert (await run(task, server, "batch")).exit_code == 0
        assert set(server.ledger.billed.values()) == {1}


async def test_a_file_that_stays_cut_ends_a_wait_with_what_to_do(task: Path) -> None:
    """--wait does not wait for ever for a file that never comes whole."""
    async with double("cut-silent") as server:
        with pytest.raises(InBatches):
            await run(task, server, "batch")
        server.states.clock.step(2 * 3600)
        server.states.advance()
        for batch in server.states.batches.values():
            assert batch.output is not None
            batch.output.cut_for_ever = True
        with pytest.raises(InBatches, match=r"are incomplete: .*give_up_missing=true"):
            await run(task, server, "batch", wait=True)
        assert set(server.ledger.billed.values()) == {1}


def test_a_name_and_password_in_an_address_are_not_shown() -> None:
    assert without_user("https://me:secret@host.example:8443/v1") == "https://host.example:8443/v1"
    assert without_user("embedded/smollm2") == "embedded/smollm2"
