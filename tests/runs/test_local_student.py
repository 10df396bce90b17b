"""A student on a base of one's own: a folder that transformers reads, trained and asked on this machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.rundir import RunDir
from distill.student.stage import student_of
from distill.task.run import ORDER
from distill.teacher.progress import Silent

SETS = (
    "student.train={with: lora, base: ./base, epochs: 1, layers: 1, learning_rate: 0.01}",
    "evaluate.arms=[teacher, base, student]",
    "teacher.sampling={max_tokens: 12}",
    "evaluate.probes=none",  # which ask base and student a hundred questions more
)


def run(task: Path, *sets: str) -> Run:
    return running.start(open_task(task, overrides=(*SETS, *sets), env={}), stages=ORDER, watch=Silent())


@pytest.mark.slow
def test_a_folder_is_trained_and_answers_by_the_same_engine_as_its_base(
    task: Path, tiny_family: Callable[[str], Path]
) -> None:
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    result = run(task)
    found = json.loads((result.folder / "comparison.json").read_bytes())
    assert set(found["arms"]) == {"teacher", "base", "student"}
    assert (result.folder / "student" / "adapter" / "adapter_model.safetensors").exists()
    assert not (result.folder / "student" / "adapter.gguf").exists()
    calls = result.table("calls.parquet")
    assert set(calls.filter(calls["arm"] != "teacher")["ended"]) == {"ok"}

    again = run(task)
    assert (again.requests_sent, again.done) == (0, [])

    weights = task.parent / "base" / "model.safetensors"
    held = bytearray(weights.read_bytes())
    held[-2:] = b"\x00\x00"
    weights.write_bytes(held)
    changed = run(task)
    assert "train" in changed.done, "other weights are another base"
    assert "evaluate" in changed.done


def test_a_base_that_is_not_there_is_a_fault_of_the_spec(task: Path) -> None:
    with pytest.raises(SpecError, match=r"student\.train\.base: no such folder or file: \./base"):
        open_task(task, overrides=SETS, env={})


FULL = "student.train={with: full, base: ./base, epochs: 1, learning_rate: 0.01}"
PROBED = "evaluate.probes=auto"


@pytest.mark.slow
def test_a_base_that_is_tuned_whole_is_compared_and_shipped(task: Path, tiny_family: Callable[[str], Path]) -> None:
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    result = run(task, FULL, PROBED)
    found = json.loads((result.folder / "comparison.json").read_bytes())
    assert set(found["arms"]) == {"teacher", "base", "student"}
    assert (result.folder / "student" / "model" / "model.safetensors").exists()
    opened = open_task(task, overrides=(*SETS, FULL), env={})
    student = student_of(opened, RunDir(opened.home, "mood", 1))
    assert student is not None
    assert student.engine == opened.base.engine == "transformers"
    assert student.identity != opened.base.identity, "no answer of the base is taken for one of its"
    calls = result.table("calls.parquet")
    assert calls.filter(arm="student")["text"].to_list() != calls.filter(arm="base")["text"].to_list()
    again = run(task, FULL, PROBED)
    assert (again.requests_sent, again.done) == (0, [])


@pytest.mark.parametrize("serve", ["llama.cpp", "http://127.0.0.1:9/v1"])
def test_what_cannot_answer_for_a_whole_model_is_told(
    task: Path, tiny_family: Callable[[str], Path], serve: str
) -> None:
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    with pytest.raises(SpecError, match="cannot answer for a student of `with: full`"):
        open_task(task, overrides=(*SETS, FULL, f"student.serve={serve}"), env={})


class _Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.slow
def test_a_refresh_goes_on_from_the_last_adapter_and_compares_both(
    task: Path, tiny_family: Callable[[str], Path]
) -> None:
    """The first run has none to go on from, and says so; the next begins with that one's, and both answer the same test rows."""
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    last, lines = "student.train.from=last", list[str]()
    for more, refresh in ((), False), (("dataset.accept=30",), True):
        watch = _Heard()
        opened = open_task(task, overrides=(*SETS, last, *more), env={})
        result = running.start(opened, stages=ORDER, watch=watch, refresh=refresh)
        lines += [line.strip() for line in watch.lines if "adapter" in line]
    assert lines == [
        "student.train.from: last, and no run before has an adapter: trained afresh",
        "the adapter begins with that of mood/001",
    ]
    found = json.loads((result.folder / "comparison.json").read_bytes())
    assert {"student", "previous"} <= set(found["arms"])


@pytest.mark.slow
def test_a_base_that_is_gone_does_not_stop_a_refresh(task: Path, tiny_family: Callable[[str], Path]) -> None:
    """The earlier student needs it; the answers that its run kept stand in."""
    shutil.copytree(tiny_family("llama"), task.parent / "base")
    run(task)
    shutil.rmtree(task.parent / "base")
    sets = ("student.train={with: none}", "evaluate.arms=[teacher]", SETS[2])
    new = running.start(open_task(task, overrides=sets, env={}), stages=ORDER, watch=Silent(), refresh=True)
    assert new.exit_code == 0
    said = json.loads((new.folder / "report.json").read_bytes())["warnings"]
    assert [line for line in said if "The 12 answers that its run kept for these test rows stand in." in line]
