"""A question's kind (first, redraw, vote) is a part of it, and no setting moves it: what was answered is found again."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import polars as pl
from contradictions import AGAIN, hosted, run
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.cli.text.rows import history_lines
from distill.generate.questions import KINDS, QuestionKind, TeacherQuestion
from distill.pipeline import run as running
from distill.teacher.progress import Silent
from distill.testing.fault_server import serve
from distill.views import explain, what_if

VOTING = (*AGAIN, "dedup.compare=[mood]")
REFUSING = (
    'gates=[schema, {form: {matches: "glad"}}]', "evaluate.arms=[]", "dataset.accept=null", "dataset.per_stratum=17",
    "dataset.more_draws=2",
)  # fmt: skip


def generate(task: Path, *sets: str) -> tuple[int, pl.DataFrame]:
    """(requests sent, asked.parquet)."""
    result = run(task, *sets, stages=("generate",))
    return result.requests_sent, pl.read_parquet(result.folder / "asked.parquet")


def new_in(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    return now.filter(~pl.col("request_id").is_in(before["request_id"].implode()))


def test_votes_survive_a_changed_more_draws(near_duplicates_task: Path) -> None:
    """Further draws are for refused rows, and here none is refused: nothing is bought, and what-if says so too."""
    sent, before = generate(near_duplicates_task, *VOTING)
    assert sent == before.height
    assert set(before["kind"]) == {"first", "vote"}
    assert generate(near_duplicates_task, *VOTING)[0] == 0
    told = what_if.what_if(near_duplicates_task, ["dataset.more_draws=4"], overrides=VOTING, env={})
    assert told.kept[0] == told.kept[1] > 0
    sent, now = generate(near_duplicates_task, *VOTING, "dataset.more_draws=4")
    assert sent == 0
    assert now.equals(before)


def test_votes_survive_more_draws_of_a_teacher(near_duplicates_task: Path) -> None:
    """Each row gets a second first answer; only rows that are in conflict by that one vote anew."""
    _, before = generate(near_duplicates_task, *VOTING)
    sent, now = generate(near_duplicates_task, *VOTING, "teacher.sampling.draws=2")
    new = new_in(now, before)
    assert sent == new.height
    assert set(new.filter(kind="first")["draw"]) == {1}
    assert set(before.filter(kind="vote")["seed_id"]).isdisjoint(new.filter(kind="vote")["seed_id"])


def test_more_votes_buy_only_the_further_ones(near_duplicates_task: Path) -> None:
    _, before = generate(near_duplicates_task, *VOTING)
    sent, now = generate(near_duplicates_task, *VOTING, "dedup.more_votes=6")
    assert sent == new_in(now, before).height == 2 * before.filter(kind="vote")["seed_id"].n_unique()
    assert set(new_in(now, before).select("kind", "draw").iter_rows()) == {("vote", 4), ("vote", 5)}
    assert generate(near_duplicates_task, *VOTING, "dedup.more_votes=2")[0] == 0


def test_redraws_survive_changed_draws(task: Path) -> None:
    """More redraws, fewer, or more first answers: what is bought was never asked before."""
    _, before = generate(task, *REFUSING)
    assert set(before.filter(kind="redraw")["draw"]) == {0, 1}
    sent, now = generate(task, *REFUSING, "dataset.more_draws=3")
    assert sent == new_in(now, before).height > 0
    assert set(new_in(now, before).select("kind", "draw").iter_rows()) == {("redraw", 2)}
    assert generate(task, *REFUSING, "dataset.more_draws=1")[0] == 0
    sent, now = generate(task, *REFUSING, "teacher.sampling.draws=2")
    assert sent == new_in(now, before).height
    assert set(new_in(now, before).select("kind", "draw").iter_rows()) == {("first", 1)}


async def test_a_further_model_buys_its_own_answers(near_duplicates_task: Path) -> None:
    """A fallback, then a panel in its place: nobody is asked the same twice; the host counts by the body."""
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(serve()) for _ in range(2)]
        second = f"[{{model: second, base_url: '{two.base_url}'}}]"
        for sets in ([], [f"teacher.fallback={second}"], [f"teacher.panel={second}"]):
            before = len(one.ledger.entries)
            task = hosted(near_duplicates_task, one.base_url, *sets)
            result = await running.work(task, stages=("generate",), watch=Silent())
        rows = pl.read_parquet(result.folder / "asked.parquet").filter(kind="vote", teacher=0)
        assert len(one.ledger.entries) - before <= rows.height
    for host in (one, two):
        assert set(host.ledger.sends.values()) == {1}


def test_explain_names_the_kind_of_a_question(near_duplicates_task: Path) -> None:
    result = run(near_duplicates_task, *VOTING, stages=("generate", "curate"))
    asked = pl.read_parquet(result.folder / "asked.parquet")
    row = asked.filter(kind="vote")["seed_id"][0]
    told = explain.explain(near_duplicates_task.parent, "mood", row)
    said = [line for line in history_lines(told) if line.startswith("request ")]
    assert [line.split(" · ")[1] for line in said] == ["first 1", "vote 1", "vote 2", "vote 3", "vote 4"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2**31)), unique=True, min_size=2, max_size=9))
def test_no_two_kinds_share_a_number(draws: list[tuple[QuestionKind, int]]) -> None:
    """However many draws or votes a spec asks for; and numbers stay small, since hosts add them to a seed."""
    numbers = [TeacherQuestion("s", 0, draw, kind).number for kind, draw in draws]
    assert len(set(numbers)) == len(numbers)
    assert all(draw <= number < 3 * (draw + 1) for number, (_, draw) in zip(numbers, draws, strict=True))
