"""What is said of the stages that are still to come."""

from __future__ import annotations

import pytest

from distill.cli.live.outlook import Outlook, ahead_text
from distill.teacher.progress import StageTime

KNOWN = [
    StageTime("generate", 240.0), StageTime("curate", 2.0), StageTime("train", 105.0), StageTime("evaluate", 190.0),
    StageTime("report", 0.1),
]  # fmt: skip
FIRST = [stage._replace(seconds=None) for stage in KNOWN]


def at(name: str, stages: list[StageTime]) -> Outlook:
    outlook = Outlook(stages)
    outlook.begin(name)
    return outlook


def test_a_heading_has_the_place_and_the_total_where_there_is_one() -> None:
    assert at("generate", KNOWN).heading() == "stage 1 of 5, about 9 minutes left in all"
    assert at("train", KNOWN).heading() == "stage 3 of 5, about 5 minutes left in all"
    assert at("report", KNOWN).heading() == "stage 5 of 5"
    assert at("train", FIRST).heading() == "stage 3 of 5"
    assert Outlook().heading() == ""


@pytest.mark.parametrize(
    ("stage", "stages", "own_s", "spent_s", "whole", "said"),
    [
        ("train", KNOWN, 60.0, 45.0, True, ["1 min 00 s left", "about 4 minutes in all"]),
        ("train", FIRST, 60.0, 45.0, True, ["1 min 00 s left here, then evaluate and report"]),
        ("train", KNOWN, None, 15.0, True, ["about 5 minutes in all"]),  # by last time
        ("train", KNOWN, None, 115.0, True, []),  # longer than last time, and nothing else is known
        ("evaluate", KNOWN, 40.0, 60.0, False, ["40 s left", "about 2 minutes in all"]),  # one arm, and others behind it
        ("evaluate", KNOWN, 150.0, 60.0, False, ["2 min 30 s left"]),  # longer than it took last time
        ("generate", KNOWN, 30.0, 300.0, False, ["30 s left", "about 5 minutes in all"]),  # longer than last time
        ("report", FIRST, 30.0, 1.0, False, ["30 s left"]),
        ("evaluate", FIRST, 40.0, 60.0, False, ["40 s left for these"]),  # one arm, and nobody knows of the others
        ("train", FIRST, 0.0, 45.0, True, []),
        ("train", FIRST, None, 45.0, True, []),
    ],
)  # fmt: skip
def test_what_is_left(
    stage: str, stages: list[StageTime], own_s: float | None, spent_s: float, whole: bool, said: list[str]
) -> None:
    assert at(stage, stages).left(own_s, spent_s, whole=whole) == said


def test_a_stage_alone_says_its_own_rest() -> None:
    assert Outlook().left(200.0, 1.0) == ["3 min 20 s left"]


def test_list_names_times_unknown_ones_and_leaves_out_what_is_skipped() -> None:
    skipped = [KNOWN[0]._replace(skipped=True), *KNOWN[1:]]
    assert ahead_text(skipped) == (
        "to do, with the time of last time: curate 2 s, train 1 min 45 s, evaluate 3 min 10 s and report 1 s; about 5 minutes in all"
    )
    assert ahead_text([*KNOWN[:3], FIRST[3]]).endswith("train 1 min 45 s and evaluate (not known)")
    assert "not known, as none was done before" in ahead_text(FIRST)
    assert ahead_text(KNOWN[1:2] + KNOWN[4:]) == "to do: curate and report; less than a minute, as last time"
