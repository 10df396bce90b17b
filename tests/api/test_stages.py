"""The functions for scripts and notebooks: the run that they do is the command line's, also inside a running loop."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

import distill
from distill.errors import SpecError, UsageError
from distill.teacher.progress import Silent
from distill.teacher.send import Interrupted


def test_overrides_are_settings_by_name(task: Path) -> None:
    """Numbers, texts that look like numbers, lists and null come out as they went in."""
    given = {
        "dataset.accept": 12,
        "teacher.terms": "007",
        "evaluate.arms": ["teacher"],
        "strata.by": [],
        "budget": None,
    }
    with pytest.raises(SpecError, match="budget"):
        distill.open_task(task, overrides=given)
    opened = distill.open_task(str(task.parent), overrides={k: v for k, v in given.items() if k != "budget"})
    spec = opened.spec
    assert (spec.dataset.accept, spec.teacher.terms, spec.evaluate.arms, spec.strata.by) == (12, "007", ["teacher"], [])
    assert distill.open_task(task, overrides=["dataset.accept=13"]).spec.dataset.accept == 13


def test_keys_come_from_the_environment_unless_given(task: Path) -> None:
    assert distill.open_task(task).env is os.environ
    assert distill.open_task(task, env={"A": "b"}).env == {"A": "b"}


def test_run_holds_what_the_stages_wrote(task: Path) -> None:
    """Rows kept and lost are frames; run again, nothing is sent."""
    opened = distill.open_task(task, env={})
    run = distill.run(opened)
    assert (run.name, run.exit_code, run.pending) == ("mood/001", 0, 0)
    assert run.dataset.height == run.funnel.kept == 20
    assert set(run.dataset["fate"]) <= {"train", "valid"}
    assert set(run.dropped.columns) == {"row", "request_id", "stratum", "stage", "reason", "detail"}
    assert run.spend["spender"].to_list() == ["teacher"]
    assert run.spend["sends"].sum() == run.requests_sent > 0
    assert run.report is not None and run.report.exists()  # noqa: PT018 - the first half narrows the type for the second
    again = distill.run(opened)
    assert (list(again.done), again.requests_sent, again.spend.equals(run.spend)) == ([], 0, True)


def test_stages_work_one_by_one(task: Path) -> None:
    opened = distill.open_task(task, env={})
    with pytest.raises(UsageError, match=r"curate needs asked\.parquet"):
        distill.stages.curate(opened)
    assert list(distill.stages.generate(opened).done) == ["generate"]
    curated = distill.stages.curate(opened)
    assert (list(curated.done), curated.requests_sent, curated.verdict) == (["curate"], 0, None)


def test_refresh_is_the_next_run(task: Path) -> None:
    opened = distill.open_task(task, env={})
    distill.run(opened)
    assert distill.plan_refresh(opened).unchanged
    assert distill.refresh(opened).name == "mood/001"
    other = distill.open_task(task, overrides={"evaluate.margin": 0.1}, env={})
    run = distill.refresh(other, plan=distill.plan_refresh(other))
    assert (run.name, run.requests_sent) == ("mood/002", 0)


async def test_run_works_inside_a_running_loop(task: Path) -> None:
    """As a notebook calls it: the work is done in another thread, and a fault comes out of it as it was raised."""
    opened = distill.open_task(task, env={})
    threads = set[int]()

    class Seen(Silent):
        def stage(self, *_: str) -> None:
            threads.add(threading.get_ident())

    with pytest.raises(UsageError, match=r"export needs samples\.parquet"):
        distill.stages.export(opened)
    assert distill.run(opened, watch=Seen()).exit_code == 0
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_interrupt_in_a_running_loop_stops_the_sends(task: Path) -> None:
    """The first Ctrl-C of a notebook is that of a terminal: what is answered is kept, the rest is pending."""

    class Impatient(Silent):
        def stage(self, *_: str) -> None:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            interrupted.wait(60)

    interrupted = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def handler(*_: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(Interrupted, match="run again to go on"):
            distill.stages.generate(distill.open_task(task, env={}), watch=Impatient())
    finally:
        signal.signal(signal.SIGINT, before)
    assert distill.run(distill.open_task(task, env={})).pending == 0


async def test_exam_is_a_typed_result_and_is_paid_for_once(task: Path) -> None:
    """Also inside a running loop; all known answers are glad, and the scripted teacher says either."""
    opened = distill.open_task(task, overrides={"dataset.accept": None}, env={})
    found = distill.stages.exam(opened, rows=12)
    assert isinstance(found, distill.Exam)
    assert (found.rows, found.model, found.calls) == (12, "scripted", 22)
    assert found.teacher is not None and found.commonest is not None  # noqa: PT018 - narrows both for the next line
    assert found.teacher.mean < found.commonest.mean == 1
    assert await distill.aio.exam(opened, rows=12) == found
    assert distill.run(opened).requests_sent == 36 + 12 - 12, "the exam's rows are asked already"


@pytest.mark.parametrize(
    ("overrides", "rows", "said"),
    [({}, 0, "rows=0: an exam asks at least one row"), ({"seeds.gold": None}, None, "needs rows with a known answer")],
)
def test_exam_that_cannot_be_is_told(task: Path, overrides: dict[str, None], rows: int | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        distill.stages.exam(distill.open_task(task, overrides=overrides, env={}), rows=rows)
