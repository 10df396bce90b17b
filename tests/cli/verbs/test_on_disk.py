"""`distill curate --on disk` on the command line; what it makes is in tests/pipeline/on_disk/test_run.py."""

from __future__ import annotations

from pathlib import Path

from ended import Distill, refused


def test_another_place_than_memory_and_disk_is_refused(task_folder: Path, distill: Distill) -> None:
    refused(distill("curate", task_folder, "--on", "moon"), "--on 'moon': expected memory, ray,")


def test_a_spill_folder_without_disk_is_refused(task_folder: Path, distill: Distill) -> None:
    refused(distill("curate", task_folder, "--spill", "there"), "--spill there belongs to --on disk or --on ray")


def test_a_preview_is_refused(task_folder: Path, distill: Distill) -> None:
    refused(
        distill("curate", task_folder, "--on", "disk", "--what-if", "length.max_tokens=5"),
        "--what-if previews in memory",
    )


def test_a_task_that_asks_a_teacher_is_refused_before_anything_is_read(task_folder: Path, distill: Distill) -> None:
    refused(
        distill("curate", task_folder, "--on", "disk"), "seeds.gold_rows: not with --on disk: curates approved rows"
    )
    assert not (task_folder.parents[1] / "runs").exists()
