"""What is read while a stage records, by name."""

from __future__ import annotations

import asyncio
from pathlib import Path

from distill import reads


def test_reads_are_noted_only_while_recording(tmp_path: Path) -> None:
    reads.note("spec:before")
    with reads.recording() as seen:
        reads.note("spec:a")
        reads.note_file(tmp_path / "x")
        assert reads.seen() is not None
    reads.note("spec:after")
    assert seen == {"spec:a", f"file:{tmp_path}/x"}
    assert reads.seen() is None


def test_reads_of_a_fact_are_not_the_stages_own() -> None:
    with reads.recording() as seen:
        reads.note("fact:x")
        with reads.unrecorded():
            reads.note("spec:inside")
        reads.note("spec:b")
    assert seen == {"fact:x", "spec:b"}


async def test_reads_of_tasks_and_threads_belong_to_the_stage() -> None:
    async def child() -> None:
        reads.note("spec:task")

    with reads.recording() as seen:
        await asyncio.gather(child(), asyncio.to_thread(reads.note, "spec:thread"))
    assert seen == {"spec:task", "spec:thread"}
