"""Runs in mode live, batch and auto against the double, and what it billed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.task.run import ORDER
from distill.teacher.progress import Silent
from distill.testing.batch.faults import batch_fault
from distill.testing.batch.states import BatchScript
from distill.testing.fault_server import Script, Server, serve

DATASET = ("train.jsonl", "valid.jsonl", "test.jsonl")


SETS = (
    "teacher.model=m", "teacher.price={input: 1, output: 1}", "gates=[finish_reason]",
    "teacher.batch={poll_s: 0.02, cancel_s: 0.5, grace_s: 0, lost_s: 0, rows: 12}",
)  # fmt: skip


def double(*batch_faults: str, hurry: float = 0.0, seed: int = 7, **script: Any) -> Any:
    return serve(
        Script(seed=seed, batch=BatchScript(hurry=hurry, batch_faults=tuple(map(batch_fault, batch_faults)), **script))
    )


async def run(task: Path, server: Server, mode: str, *sets: str, home: str = "home", **how: Any) -> Run:
    task = open_task(
        task, overrides=[*SETS, f"teacher.mode={mode}", *sets], env={"OPENAI_BASE_URL": server.base_url},
        home=task.parent / home,
    )  # fmt: skip
    return await running.work(task, stages=how.pop("stages", ORDER[:3]), watch=how.pop("watch", Silent()), **how)


class Said(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def batched(server: Server) -> set[str]:
    """The rows that were billed in a batch."""
    return {entry.key for entry in server.ledger.entries if entry.batch and entry.billed}
