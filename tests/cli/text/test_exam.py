"""What a terminal shows of exams."""

from __future__ import annotations

from distill.cli.text.exam import exam_lines
from distill.exam.result import Exam, FieldScores, Mistake, StratumScore
from distill.stats import Estimate

HALF = Estimate(0.5, 0.35, 0.65, 40)


def exam(**given: object) -> Exam:
    return Exam(
        **{
            "model": "m", "prompt": "teacher.md", "known": 200, "rows": 40, "unanswered": 0, "kind": "fields", "teacher": HALF,
            "commonest": Estimate(0.3, 0.2, 0.4, 40), "linear": None, "linear_rows": 0,
            "over_commonest": Estimate(0.2, 0.05, 0.35, 40), "over_linear": None, "itself": None,
            "fields": [
                FieldScores("intent", HALF, Estimate(0.25, 0.1, 0.4, 40), None),
                FieldScores("urgency of it", Estimate(1.0, 0.91, 1.0, 40), HALF, HALF),
            ],
            "strata": [StratumScore("cancel", Estimate(0.25, 0.0, 0.75, 4))],
            "mistakes": [Mistake("77aa", "stop\nit " * 30, "cancel", "return", "")],
            "calls": 50, "usd": 0.1, "usd_per_1000": 2.0, "seconds_p50": 0.8, **given,
        }
    )  # fmt: skip


def test_fields_and_strata_have_their_intervals_and_rows() -> None:
    lines = exam_lines([exam()])
    at = next(n for n, line in enumerate(lines) if line.startswith("by field"))
    assert [line.split() for line in lines[at : at + 3]] == [
        ["by", "field", "rows", "teacher", "commonest", "linear"],
        ["intent", "40", "50.0", "%", "(35", "to", "65)", "25.0", "%", "(10", "to", "40)", "–"],
        [
            "urgency",
            "of",
            "it",
            "40",
            "100.0",
            "%",
            "(91",
            "to",
            "100)",
            "50.0",
            "%",
            "(35",
            "to",
            "65)",
            "50.0",
            "%",
            "(35",
            "to",
            "65)",
        ],
    ]
    assert len({len(line) for line in lines[at : at + 3]}) == 1, "the columns stand under each other"
    assert "worst strata: cancel 25 % (0 to 75) of 4" in lines


def test_texts_of_a_mistake_are_one_short_line() -> None:
    lines = exam_lines([exam()])
    at = next(n for n, line in enumerate(lines) if line.startswith("row 77aa"))
    assert len(lines[at]) < 120
    assert lines[at + 1 : at + 3] == ["  known cancel", "  said  return"]


def test_several_stand_in_a_table_first() -> None:
    lines = exam_lines([exam(), exam(model="other", teacher=None, fields=[])])
    assert lines[0].split()[:3] == ["teacher,", "prompt", "right"]
    assert [line.split()[0] for line in lines[1:3]] == ["m,", "other,"]
