"""The check that no row is lost: it holds in a run, however many answers a seed has, and a lossy step cannot pass it."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.cli.text.run import run_lines
from distill.curate.accounting import conservation
from distill.curate.accounting.funnel import line_of
from distill.curate.gates import registry, wording
from distill.errors import DistillError
from distill.pipeline import run
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.tables.outcome import Outcome, dropped_frame
from distill.teacher.progress import Silent
from distill.testing.fault_server import Script, serve


def curated(task: Path, *sets: str) -> Run:
    task = open_task(task, overrides=sets, env={})
    return run.start(task, stages=("generate", "curate"), watch=Silent())


def lossy(change: Any) -> registry.Gate:
    """The refusal gate, with its outcome changed before it is handed on."""

    def refusal(frame: pl.DataFrame) -> Outcome:
        return change(wording.refusal(frame))  # type: ignore[no-any-return]  # the changes below return outcomes

    return registry.Gate(refusal, "loses rows")


def test_a_run_says_where_its_rows_went_and_that_the_sum_holds(task: Path) -> None:
    """In figures for people and for scripts; the last line is the sum."""
    result = curated(task)
    said = run_lines(result)
    assert result.funnel.conserved is True
    assert result.funnel.kept == 20
    assert said[-1].startswith("22 asked = 20 in the dataset + 2 dropped")
    assert any(
        line.split() == ["test", "48", "=", "36", "to", "train", "on", "+", "12", "set", "aside", "to", "test"]
        for line in said
    )
    again = curated(task)
    assert (again.skipped, again.funnel) == (["generate", "curate"], result.funnel)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda out: replace(out, kept=out.kept.head(out.kept.height - 1)), r"refusal kept 22, length took in 21"),
        (lambda out: replace(out, kept=pl.concat([out.kept, out.kept.head(1)])), r"refusal kept 22, length took in 23"),
        (
            lambda out: Outcome(out.kept.slice(1), dropped_frame(), {**out.report, "kept": 21}, out.kept.head(1)),
            r"refusal: 22 came in, 21 were kept and 0 dropped",
        ),
        (
            lambda out: Outcome(out.kept.slice(1), dropped_frame(), {**out.report, "kept": 21, "dropped": {"x": 1}}, out.kept.head(1)),
            r"refusal dropped for x 1, rows of dropped.parquet 0",
        ),
        (
            lambda out: Outcome(
                out.kept.slice(1), dropped_frame([("r", None, "a", "refusal", "x", "y")]),
                {**out.report, "kept": 21, "dropped": {"x": 1}}, out.kept.clear(),
            ),
            r"answer kept 22, rows of samples.parquet 21",
        ),
    ],
    ids=["a row gone", "a row twice", "a drop without a count", "a drop without a reason", "an answer without a row"],
)  # fmt: skip
def test_a_step_that_loses_a_row_stops_curation(
    task: Path, monkeypatch: pytest.MonkeyPatch, change: Any, said: str
) -> None:
    """Whatever it loses: the row, its count, its reason or its scores. Nothing of the curation is written."""
    monkeypatch.setitem(registry.GATES, "refusal", lossy(change))
    with pytest.raises(DistillError, match=said) as fault:
        curated(task)
    assert fault.value.exit_code == 1
    folder = task.parent / "runs" / "mood" / "001"
    assert not (folder / "samples.parquet").exists()
    assert not (folder / "funnel.json").exists()


@pytest.mark.parametrize(
    ("sets", "questions"),
    [(["teacher.sampling={draws: 3, temperature: 1}", "gates=[{agreement: {at_least: 0.5}}]"], 3), (["panel"], 2), (["fallback"], 0)],
    ids=["draws", "panel", "fallback"],
)  # fmt: skip
async def test_the_sum_holds_where_a_seed_has_several_questions(task: Path, sets: list[str], questions: int) -> None:
    """It is said in questions and in seeds, of which there are fewer."""
    async with AsyncExitStack() as stack:
        bad = Script(seed=3, faults={"422": 0.2, "refusal": 0.2, "length": 0.1})
        first = await stack.enter_async_context(serve(bad))
        second = await stack.enter_async_context(serve())
        more = [f"teacher.{sets[0]}=[{{model: b, base_url: '{second.base_url}'}}]"] if len(sets) == 1 else sets
        task = open_task(
            task,
            overrides=["teacher.model=a", f"teacher.base_url={first.base_url}", *more],
            env={"OPENAI_API_KEY": "k"},
        )
        result = await run.work(task, stages=("generate", "curate"), watch=Silent(), partial=True)
    funnel = result.funnel
    assert funnel.conserved is True
    assert funnel.questions > funnel.seeds
    assert not questions or funnel.questions == questions * funnel.seeds
    folder = result.folder
    dropped = pl.read_parquet(folder / "dropped.parquet").filter(~pl.col("stage").is_in(["seeds", "generate"]))
    assert funnel.questions == funnel.kept + dropped.height
    assert (
        f"{funnel.questions:,} requests for {funnel.seeds:,} seeds = " in run_lines(result)[-2 if result.report else -1]
    )


def test_the_funnel_of_a_script_is_json(task: Path) -> None:
    result = curated(task)
    assert json.loads(json.dumps(result.as_json()))["funnel"]["stages"][0]["stage"] == "seeds"


@st.composite
def books(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, pl.DataFrame]]:
    """A funnel whose tables agree with it."""
    drops = draw(st.lists(st.integers(0, 9), min_size=6, max_size=6))
    final, aside, draws = draw(st.integers(0, 30)), draw(st.integers(0, 5)), draw(st.integers(1, 3))
    answers = final + drops[4] + drops[5]
    extra = -(answers + drops[3]) % draws  # as many questions as whole seeds have
    questions = answers + drops[3] + extra
    seeds = questions // draws
    funnel = [
        {"stage": "seeds", "in": seeds + drops[2] + aside + drops[1], "kept": seeds + drops[2] + aside, "dropped": {"repeated": drops[1]}},
        {"stage": "test", "in": seeds + drops[2] + aside, "kept": seeds + drops[2], "dropped": {}, "aside": aside},
        {"stage": "ask", "in": seeds + drops[2], "kept": seeds, "dropped": {"not_asked": drops[2]}},
        {"stage": "answer", "in": questions, "kept": answers, "dropped": {"owed": drops[3] + extra}},
        {"stage": "schema", "in": answers, "kept": answers - drops[4], "dropped": {"not_json": drops[4]}},
        {"stage": "dedup", "in": answers - drops[4], "kept": final, "dropped": {"near_duplicate": drops[5]}},
    ]  # fmt: skip
    names = {"ask": "generate", "answer": "teacher"}
    rows = [
        ("r", None, "s", names.get(stage["stage"], stage["stage"]), reason, "")
        for stage in funnel
        for reason, count in stage["dropped"].items()
        for _ in range(count)
    ]
    fates = ["train"] * final + ["dropped"] * (answers - final)
    return funnel, {
        "asked": pl.DataFrame({"seed_id": [str(i % seeds) for i in range(questions)]}, schema={"seed_id": pl.String}),
        "samples": pl.DataFrame({"fate": fates}, schema={"fate": pl.String}),
        "dropped": dropped_frame(rows),
    }


@settings(deadline=None)
@given(books(), st.data())
def test_books_that_agree_pass_and_one_row_less_anywhere_does_not(
    book: tuple[list[dict[str, Any]], dict[str, pl.DataFrame]], data: st.DataObject
) -> None:
    funnel, tables = book
    lines = [line_of(stage) for stage in funnel]
    total = conservation.check(lines, **tables)
    assert total.kept + total.dropped == total.questions
    name = data.draw(st.sampled_from([name for name, table in tables.items() if table.height] or ["none"]))
    if name != "none":
        short = {**tables, name: tables[name].slice(1)}
        with pytest.raises(DistillError, match="rows were lost"):
            conservation.check(lines, **short)
    at = data.draw(st.integers(0, len(funnel) - 1))
    key = data.draw(st.sampled_from(["in", "kept"]))
    wrong = [dict(stage) for stage in funnel]
    wrong[at][key] += 1
    with pytest.raises(DistillError, match="rows were lost"):
        conservation.check([line_of(stage) for stage in wrong], **tables)
