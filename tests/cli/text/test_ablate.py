"""An ablation in a terminal: the plan before, then a line for each gate and a sentence on it."""

from __future__ import annotations

from dataclasses import replace

from ablations import ABLATION, DEDUP

from distill.cli.text.ablate import ablation_lines, plan_lines
from distill.pipeline.ablation.plan import AblationPlan, PlannedVariant

PLAN = AblationPlan(
    run="mood/001", student="lora", rows=1200, seeds=3, test_rows=96,
    left_out=[PlannedVariant("judge", 60, 55, same=False), PlannedVariant("dedup", 0, 0, same=True)],
    trainings=6, to_train=5, own=True, seconds=2400.0,
)  # fmt: skip


def test_the_plan_says_what_is_left_out_and_how_long_it_takes() -> None:
    lines = plan_lines(PLAN)
    assert "1,200 training rows × 3 seeds each, on the same 96 test rows; nothing is bought" in lines[0]
    assert lines[1] == "  without judge: of 60 rows that it dropped, 55 come into the dataset"
    assert lines[2].endswith("the student would learn the same rows, so nothing is trained")
    assert lines[3] == (
        "  to do: 5 of 6 trainings of 1,200 rows each, about 40 minutes; one of the others is the run's own student"
    )
    assert len(lines) == 4
    long = plan_lines(replace(PLAN, seconds=8000.0))
    assert "about 2 h" in long[3]
    assert "--with linear" in long[4]
    assert "how long is not known" in plan_lines(replace(PLAN, seconds=None))[3]
    assert plan_lines(replace(PLAN, to_train=0))[3] == "  nothing is to be trained: all of it is there"
    assert plan_lines(replace(PLAN, to_train=0, trainings=0))[3] == "  nothing is to be trained"


def test_each_gate_is_a_line_with_its_price_and_a_sentence() -> None:
    lines = ablation_lines(ABLATION)
    assert "the same 96 of 97 test rows" in lines[0]
    assert lines[2].split() == ["nothing", "88.0", "%"]
    assert lines[3].split() == [
        "judge",
        "60",
        "55",
        "$0.42",
        "80.0",
        "%",
        "+8.0",
        "(+4.0",
        "to",
        "+12.0,",
        "n",
        "=",
        "96)",
        "worth",
    ]
    assert lines[4].split() == ["dedup", "0", "0", "?", "-", "the", "same", "rows"]
    assert lines[-2:] == ["judge is worth its price.", "dedup: the student learns the same rows without it."]


def test_where_nothing_was_trained_only_the_reasons_are_told() -> None:
    found = replace(ABLATION, whole=None, left_out=[DEDUP])
    assert ablation_lines(found) == ["dedup: the student learns the same rows without it."]
