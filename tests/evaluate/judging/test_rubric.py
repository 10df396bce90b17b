"""The rubric that ships, or the task's own, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from distill.evaluate.judging.rubric import NAME, evaluation_rubric, faults
from distill.pipeline.open_task import open_task
from distill.spec.evaluation.judge import DEFAULT_DIMENSIONS


def test_without_a_judge_there_is_none(task: Path) -> None:
    assert open_task(task, env={}).evaluation_rubric is None
    assert open_task(task, env={}).evaluation_judges == []


def test_the_default_one_ships_with_four_dimensions(task: Path) -> None:
    found = open_task(task, overrides=["evaluate.judge={}"], env={})
    rubric = found.evaluation_rubric
    assert rubric is not None
    assert (rubric.name, list(rubric.dimensions)) == (NAME, ["accuracy", "style", "format", "edge_cases"])
    assert "{{names}}" in rubric.text
    assert rubric.dimensions == DEFAULT_DIMENSIONS
    assert [one.address.model for one in found.evaluation_judges] == ["scripted"]
    assert found.evaluation_judges[0].sampling.temperature == 0


def test_the_task_may_bring_its_own(task: Path) -> None:
    (task.parent / "mine.md").write_text("Is it kind?")
    sets = ["evaluate.judge={prompt: mine.md, dimensions: {kind: It is kind.}}"]
    rubric = open_task(task, overrides=sets, env={}).evaluation_rubric
    assert rubric is not None
    assert (rubric.text, dict(rubric.dimensions)) == ("Is it kind?", {"kind": "It is kind."})


@pytest.mark.parametrize(
    ("text", "said"), [(" \n", "it is empty"), ("Is\n{{message}}?", "mine.md:2: the rubric takes no variables")]
)
def test_its_text_is_plain(task: Path, text: str, said: str) -> None:
    (task.parent / "mine.md").write_text("Is it kind?")
    spec = open_task(task, overrides=["evaluate.judge={prompt: mine.md}"], env={}).spec
    (found,) = faults(spec, text, task, ["teacher", "student"])
    assert said in str(found)
    assert evaluation_rubric(spec, "Is it kind?") is not None
