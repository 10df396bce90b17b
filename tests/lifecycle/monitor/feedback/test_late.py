"""Feedback that comes after its call: joined once, whatever comes again, and nothing of it lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill.lifecycle.monitor.feedback.correction import Corrections, digest
from distill.lifecycle.monitor.feedback.kept_calls import KeptCalls, NewCall, kept_calls
from distill.lifecycle.monitor.feedback.late import LateFeedback, joined
from distill.lifecycle.monitor.feedback.result import REASONS, DroppedFeedback
from distill.lifecycle.monitor.feedback.rows import FeedbackRow
from distill.pipeline.open_task import open_task

RUN, GLAD, CROSS = "mood/001", '{"mood": "glad"}', '{"mood": "cross"}'


def call(
    name: str,
    answer: str = GLAD,
    *,
    day: str = "2026-11-01",
    kept: bool = True,
    trace: str | None = None,
    right: Any = None,
) -> NewCall:
    own = {
        "file": "app.jsonl", "line": 1, "item": 0, "time": 0, "fields": f'{{"message":"{name}"}}', "labels": "{}", "answer": answer,
        "tool_calls": "", "masked": False,
    }  # fmt: skip
    return NewCall((name,), trace, day, name.encode(), digest(answer), right, own if kept else None)


def row(of: str, right: bool | None = None, corrected: Any = None, at: int = 0) -> FeedbackRow:
    return FeedbackRow("f.jsonl:1", of, at, right, corrected)


@pytest.fixture
def late(task: Path) -> Callable[..., LateFeedback]:
    corrections = Corrections(open_task(task, env={}))

    def one(kept: KeptCalls, *rows: FeedbackRow | DroppedFeedback, run: str = RUN) -> LateFeedback:
        kept._store.execute("DELETE FROM given")
        return joined(kept, rows, corrections, run)

    return one


@pytest.fixture
def kept() -> Any:
    with kept_calls(Path(":memory:")) as found:
        yield found


def test_a_thumb_and_a_corrected_answer_judge_a_call(kept: KeptCalls, late: Callable[..., LateFeedback]) -> None:
    kept.add(RUN, iter([call("a"), call("b"), call("c", day="2026-11-02"), call("d")]))
    found = late(kept, row("a", right=False), row("b", corrected={"mood": "cross"}), row("c", corrected="glad"))
    assert (found.figures.new, found.figures.rows) == (3, 3)
    assert [(one.day, one.right.mean, one.right.n) for one in found.figures.days] == [
        ("2026-11-01", 0.0, 2),
        ("2026-11-02", 1.0, 1),
    ]
    assert found.figures.accuracy is not None
    assert (found.figures.accuracy.mean, found.figures.accuracy.n) == (pytest.approx(1 / 3), 3)
    assert found.figures.accuracy.low < 1 / 3 < found.figures.accuracy.high
    assert dict(found.wrong.select("fields", "gold").iter_rows()) == {
        '{"message":"a"}': None,
        '{"message":"b"}': '{"mood":"cross"}',
    }


def test_the_same_feedback_twice_counts_once(kept: KeptCalls, late: Callable[..., LateFeedback]) -> None:
    kept.add(RUN, iter([call("a"), call("b")]))
    rows = row("a", right=False), row("b", corrected="glad"), row("a", right=False)
    first, again = late(kept, *rows), late(kept, *rows)
    assert (first.figures.new, first.figures.superseded) == (2, 1)
    assert (again.figures.new, again.figures.again, again.figures.changed) == (0, 2, 0)
    assert again.figures.accuracy == first.figures.accuracy
    assert again.verdicts == []


def test_the_last_word_counts_and_a_correction_over_a_thumb(kept: KeptCalls, late: Callable[..., LateFeedback]) -> None:
    kept.add(RUN, iter([call("a"), call("b"), call("c")]))
    found = late(
        kept, row("a", right=False, at=2), row("a", right=True, at=1), row("b", right=True), row("b", right=False),
        row("c", corrected="glad"), row("c", right=False),
    )  # fmt: skip
    assert sorted(right for _, right in found.verdicts) == [False, False, True]
    older = late(kept, row("a", right=True), row("c", right=False, at=9))
    assert (older.figures.changed, older.figures.superseded) == (0, 2)
    changed = late(kept, row("a", right=True, at=3))
    assert (changed.figures.changed, changed.verdicts) == (1, [])
    assert changed.figures.accuracy is not None
    assert changed.figures.accuracy.mean == pytest.approx(2 / 3)


def test_what_names_no_call_or_several_is_counted_with_its_row(
    kept: KeptCalls, late: Callable[..., LateFeedback]
) -> None:
    kept.add(RUN, iter([call("a", trace="t"), call("b", CROSS, trace="t")]))
    found = late(
        kept, row("nobody", right=True), row("t", right=True), row("a", corrected="purple"), DroppedFeedback("f:9", "torn", "no JSON"),
    )  # fmt: skip
    assert found.figures.dropped == {"unknown": 1, "ambiguous": 1, "bad_correction": 1, "torn": 1}
    assert {one.reason for one in found.figures.examples} == set(found.figures.dropped) <= set(REASONS)
    assert found.figures.accuracy is None


def test_a_private_call_is_judged_by_its_hash_and_never_harvested(
    kept: KeptCalls, late: Callable[..., LateFeedback]
) -> None:
    kept.add(RUN, iter([call("a", kept=False), call("b", kept=False)]))
    found = late(kept, row("a", corrected={"mood": "glad"}), row("b", corrected="cross"))
    assert found.figures.accuracy is not None
    assert found.figures.accuracy.mean == 0.5
    assert found.wrong.is_empty()


def test_a_call_of_an_earlier_student_is_in_no_figure_of_this_one(
    kept: KeptCalls, late: Callable[..., LateFeedback]
) -> None:
    kept.add(RUN, iter([call("a")]))
    found = late(kept, row("a", corrected="cross"), run="mood/002")
    assert (found.figures.new, found.figures.earlier, found.figures.accuracy, found.verdicts) == (1, 1, None, [])
    assert found.wrong.height == 1
    assert late(kept).figures.accuracy is not None


NAMES = st.sampled_from("abcdefgx")
ROWS = st.lists(
    st.builds(
        row,
        NAMES,
        st.sampled_from([True, False]),
        st.sampled_from([None, "glad", "cross", "purple"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(ROWS, st.integers(1, 6))
def test_every_row_is_accounted_for_and_looks_may_come_as_they_like(
    late: Callable[..., LateFeedback], rows: list[FeedbackRow], size: int
) -> None:
    """All at once or in parts, with everything said again at each look, as a growing file says it."""
    with kept_calls(Path(":memory:")) as one, kept_calls(Path(":memory:")) as many:
        for kept in (one, many):
            kept.add(RUN, iter([call(name, GLAD if name < "d" else CROSS) for name in "abcdefg"]))
        once = late(one, *rows).figures
        assert once.rows == once.new + once.changed + once.again + once.superseded + sum(once.dropped.values())
        verdicts = 0
        for end in range(size, len(rows) + size, size):
            verdicts += len(late(many, *rows[:end]).verdicts)
        last = late(many, *rows)
        assert (last.figures.accuracy, last.figures.new, last.figures.changed) == (once.accuracy, 0, 0)
        assert verdicts == (once.accuracy.n if once.accuracy else 0)
