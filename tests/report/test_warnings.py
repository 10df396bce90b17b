"""What a reader of a report is warned of; most of it is seen in a run's report."""

from __future__ import annotations

import pytest

from distill.report.warnings import same_model
from distill.spec import TaskSpec


@pytest.mark.parametrize(
    ("model", "total", "warned"),
    [
        ("embedded/smollm2-135m", {"questions": 20}, True),
        ("embedded/smollm2-135m", {"questions": 0, "gold": 480}, False),
        ("embedded/smollm2-135m", None, True),
        ("gpt-6-luna", {"questions": 20}, False),
    ],
)
def test_a_teacher_that_is_the_base_is_told_where_its_answers_train(
    model: str, total: dict[str, int] | None, warned: bool
) -> None:
    spec = TaskSpec.model_validate({"task": "t", "seeds": {"from": "a.jsonl"}, "teacher": {"model": model}})
    assert bool(same_model(spec, {"total": total})) is warned


@pytest.mark.parametrize("way", ["linear", "embedding", "none"])
def test_a_student_without_a_base_has_no_base_that_could_be_the_teacher(way: str) -> None:
    given = {
        "task": "t",
        "seeds": {"from": "a.jsonl"},
        "teacher": {"model": "embedded/smollm2-135m"},
        "student": {"train": {"with": way}},
    }
    assert same_model(TaskSpec.model_validate(given), {"total": {"questions": 20}}) == []
