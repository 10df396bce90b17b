"""Which kind a question is of (first, redraw, vote) is a part of it, and no setting moves it: what was answered is found again."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import polars as pl
from contradictions import AGAIN, hosted, run
from hypothesis import given
from hypothesis import strategies as st

from distill.generate import questions
from distill.generate.questions import KINDS, Ask
from distill.pipeline import run as running
from distill.teacher.watch import Silent
from distill.testing.fault_server import serve

COMPARE = (*AGAIN, "dedup.compare=[mood]")
REFUSING = (
    'gates=[schema, {form: {matches: "glad"}}]',
    "evaluate.arms=[]",
    "seeds.test={rows: 1}",
    "dataset.accept=null",
    "dataset.per_stratum=20",
)


def asked(result: dict[str, object]) -> pl.DataFrame:
    return pl.read_parquet(Path(str(result["folder"])) / "asked.parquet")


def generate(task: Path, *sets: str) -> dict[str, object]:
    return run(task, *sets, stages=("generate",))


def test_votes_survive_a_changed_more_draws(twins: Path) -> None:
    """Further draws are for refused rows, and here none is refused: nothing is bought."""
    first = generate(twins, *COMPARE)
    votes = asked(first).filter(kind="vote")
    assert first["requests_sent"] == asked(first).height > votes.height > 0
    assert generate(twins, *COMPARE)["requests_sent"] == 0
    changed = generate(twins, *COMPARE, "dataset.more_draws=4")
    assert changed["requests_sent"] == 0
    assert asked(changed).equals(asked(first))


def test_votes_survive_more_draws_of_the_sampling(twins: Path) -> None:
    """A second first answer is bought for each row, and votes only for rows that are in conflict by it."""
    before = asked(generate(twins, *COMPARE))
    changed = generate(twins, *COMPARE, "teacher.sampling.draws=2")
    now = asked(changed)
    new = now.filter(~pl.col("request_id").is_in(before["request_id"].implode()))
    assert changed["requests_sent"] == new.height
    assert new.filter(kind="first")["draw"].unique().to_list() == [1]
    again = set(before.filter(kind="vote")["seed_id"])
    assert again.isdisjoint(new.filter(kind="vote")["seed_id"])


def test_more_votes_buy_only_the_further_ones(twins: Path) -> None:
    before = asked(generate(twins, *COMPARE))
    changed = generate(twins, *COMPARE, "dedup.more_votes=6")
    rows = before.filter(kind="vote")["seed_id"].n_unique()
    assert changed["requests_sent"] == 2 * rows
    assert set(before["request_id"]) < set(asked(changed)["request_id"])
    assert generate(twins, *COMPARE, "dedup.more_votes=2")["requests_sent"] == 0


def test_redraws_survive_a_changed_more_draws(task: Path) -> None:
    """A row that was refused again is asked once more; what it said before is not bought anew."""
    before = asked(generate(task, *REFUSING, "dataset.more_draws=2"))
    assert set(before.filter(kind="redraw")["draw"]) == {0, 1}
    more = generate(task, *REFUSING, "dataset.more_draws=3")
    new = asked(more).filter(~pl.col("request_id").is_in(before["request_id"].implode()))
    assert more["requests_sent"] == new.height > 0
    assert new.select("kind", "draw").unique().rows() == [("redraw", 2)]
    assert generate(task, *REFUSING, "dataset.more_draws=1")["requests_sent"] == 0


def test_redraws_survive_more_draws_of_the_sampling(task: Path) -> None:
    """What is new are the second first answers alone: the redraws have other numbers."""
    before = asked(generate(task, *REFUSING, "dataset.more_draws=2"))
    more = generate(task, *REFUSING, "dataset.more_draws=2", "teacher.sampling.draws=2")
    new = asked(more).filter(~pl.col("request_id").is_in(before["request_id"].implode()))
    assert more["requests_sent"] == new.height
    assert set(new.select("kind", "draw").rows()) == {("first", 1)}


async def test_a_further_panel_member_buys_its_own_answers_alone(twins: Path) -> None:
    """The first one's answers and votes are found again, for it has fewer turns now."""
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(serve()) for _ in range(2)]
        sets = {"stages": ("generate",), "watch": Silent()}
        await running.work(hosted(twins, one.base_url), **sets)  # type: ignore[arg-type]  # one dict
        before = len(one.ledger.entries)
        panel = f"teacher.panel=[{{model: second, base_url: '{two.base_url}'}}]"
        result = await running.work(hosted(twins, one.base_url, panel), **sets)  # type: ignore[arg-type]  # as above
        assert result["requests_sent"] == len(two.ledger.entries) + len(one.ledger.entries) - before > 0
        by_first = asked(result).filter(teacher=0)
        assert len(one.ledger.entries) - before <= by_first.filter(kind="vote")["seed_id"].n_unique() * 2
        bodies = [(entry.request_id if hasattr(entry, "request_id") else id(entry)) for entry in one.ledger.entries]
        assert len(set(bodies)) == len(bodies)


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2**31)), unique=True, min_size=2, max_size=9),
)
def test_no_two_kinds_share_a_number(pairs: list[tuple[questions.Kind, int]]) -> None:
    """However many draws or votes a spec asks for; the first answer has the plain request's number."""
    numbers = [Ask("s", 0, draw, kind).number for kind, draw in pairs]
    assert len(set(numbers)) == len(numbers)
    assert Ask("s", 0, 0).number == 0
    assert all(Ask("s", 0, draw, kind).number <= 3 * draw + 2 for kind, draw in pairs)
