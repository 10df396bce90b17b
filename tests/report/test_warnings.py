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
