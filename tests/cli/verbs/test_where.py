"""`--on`, `--storage` and `--spill`: what cannot be is one line and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from ended import Distill

from distill import extras
from distill.cli.verbs.where import HERE, Heard, Where


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--on", "spark"), "--on 'spark': expected memory, ray, ray:local, ray:auto"),
        (("--on", "ray://head"), "--on 'ray://head': expected memory, ray,"),
        (("--storage", "s3://bucket"), "--storage is for parts that other processes work on; say --on ray"),
        (("--spill", "there"), "--spill there belongs to --on disk or --on ray"),
        (("--on", "ray", "--spill", "there", "--what-if", "dedup.near=0.9"), "--what-if previews in memory"),
    ],
)
def test_what_cannot_be_is_one_line(task: Path, given: tuple[str, ...], said: str, distill: Distill) -> None:
    shown = distill("curate", task, *given)
    assert shown.code == 2
    assert said in shown.err


@pytest.mark.skipif(not extras.missing("ray"), reason="Ray is installed")
def test_without_ray_the_extra_is_named(task: Path, distill: Distill) -> None:
    shown = distill("generate", task, "--on", "ray")
    assert shown.code == 2
    assert "--on ray needs Ray, which is not installed; install it: pip install" in shown.err


def test_lines_go_to_whoever_listens_with_one_at_the_end() -> None:
    heard, lines = Heard(), list[str]()
    heard.say("nobody hears this")
    heard.last = lambda: "all done"
    with heard.by(lines.append):
        heard.say("at work")
    heard.say("nor this")
    assert lines == ["at work", "all done"]


@pytest.mark.parametrize("where", [HERE, Where("memory")])
def test_in_memory_nothing_is_started(where: Where, tmp_path: Path) -> None:
    with where.taken(tmp_path / "no-such-task.yaml") as heard:
        assert heard.last is None
