"""`seeds.grow`: a refresh asks for more rows where the last student missed most, of real seeds first, and never by a test row's text."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import made, put
from two_teachers import many, serve

from distill.cli.text.plan import plan_lines
from distill.cli.text.serve.refresh import refresh_lines
from distill.errors import SpecError
from distill.pipeline import run as running
from distill.pipeline.ablation.ablate import ablate
from distill.pipeline.ablation.plan import AblationRequest
from distill.pipeline.next_run import growing
from distill.pipeline.next_run.growing import with_growth
from distill.pipeline.open_task import open_task
from distill.pipeline.result import Run
from distill.plan.pilot import pilot_sender
from distill.plan.plan import plan as planned
from distill.plan.refresh.probe import probe
from distill.records import Request, Seed
from distill.rundir import RunDir
from distill.seeds import prepare
from distill.seeds.expansion.rounds import Expansion
from distill.similarity.pairs import nearest
from distill.strata.growth import StrataGrowth
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened
from distill.views.what_if import what_if

GROW = "seeds.grow.rows=30"
ODD = "k3"
"""The kind that the student does not learn from few rows."""


def grown_spec(folder: Path) -> Path:
    """200 rows of ten kinds, of which 10 of each are wanted and 5 are test rows; synthetic seeds are allowed."""
    spec = many(folder, rows=200, tests=50)
    text = spec.read_text().replace("model: old", "model: odd")
    text = text.replace("test: {rows: 50}}", "test: {rows: 50}, expand: {plausible: false, at_most: 60}}")
    spec.write_text(text.replace("gates: [schema]", "gates: [schema]\ndataset: {accept: 100}"))
    return spec


class Heard(Silent):
    """What is said."""

    def __init__(self) -> None:
        self.lines = list[str]()

    def say(self, line: str) -> None:
        self.lines.append(line)


def kept(run: Run) -> dict[str, int]:
    rows = pl.read_parquet(run.folder / "samples.parquet").filter(pl.col("fate") != "dropped")
    return dict(rows.group_by("stratum").len().iter_rows())


async def test_the_misses_of_one_run_are_rows_of_the_next(tmp_path: Path) -> None:
    """Said and priced before; the other strata keep their rows; all of it is told in growth.json, the card and the report."""
    spec = grown_spec(tmp_path)
    async with serve() as teachers:

        def task(*sets: str) -> Task:
            return open_task(spec, overrides=sets, env={"OPENAI_BASE_URL": teachers.base_url})

        first = await running.work(task(), stages=ORDER, watch=Silent())
        assert (await probe(task())).unchanged
        asked = teachers.asked.total()
        plan = await probe(task(GROW))
        assert teachers.asked.total() == asked, "a plan of growing asks nothing"
        assert (plan.changes, plan.retrain, plan.chosen) == (["the misses of mood/001"], True, [])
        (one,) = plan.growth
        assert (one.grown.stratum, one.grown.had, one.grown.new) == (ODD, 10, 10)
        ahead = planned(task(GROW))
        assert ahead.growth is not None
        assert teachers.asked.total() == asked
        assert [one.grown.stratum for one in ahead.growth.strata] == [ODD]
        assert (ahead.growth.run, ahead.growth.rows, ahead.growth.requests) == ("mood/001", 10, plan.requests)
        line = next(line for line in plan_lines(ahead) if line.startswith("not in it: "))
        assert f"a refresh of mood/001 grows {ODD} +10 rows (seeds.grow), {plan.requests} requests more" in line
        heard = Heard()
        await running.work(task(GROW), stages=ORDER, watch=heard)
        assert any("are due to grow strata (seeds.grow): `distill refresh`" in said for said in heard.lines)

        said = "\n".join(refresh_lines(plan, ""))
        assert f"{ODD}  +10 rows: missed 100 % (57 % to 100 %, n = 5), others " in said
        assert f"{one.unasked:,} seeds left, {one.synthetic:,} rows by synthetic ones" in said
        assert {"teacher, to grow", "expand", "teacher, new seeds"} <= {one.spender for one in plan.spenders}
        most = plan.requests

        second = await running.work(task(GROW), stages=ORDER, watch=Silent(), refresh=plan.relabel or True)
        assert second.name == "mood/002"
        assert kept(second) == kept(first) | {ODD: 20}
        assert teachers.asked.total() - asked <= most
        seeds = pl.read_parquet(second.folder / "seeds.parquet")
        new = seeds.filter(pl.col("way").is_not_null())
        assert set(new["stratum"]) == {ODD}
        tests = seeds.filter(role="test")
        assert (
            tests["seed_id"]
            .sort()
            .equals(pl.read_parquet(first.folder / "seeds.parquet").filter(role="test")["seed_id"].sort())
        )
        assert set(new["parent"]).isdisjoint(tests["seed_id"])
        assert nearest(new["input"].to_list(), tests["input"].to_list(), threshold=0.85) == [None] * new.height
        found = json.loads((second.folder / "growth.json").read_bytes())
        assert (found["run"], [one["stratum"] for one in found["strata"]]) == ("mood/001", [ODD])
        card = (second.folder / "CARD.md").read_text()
        assert f"grown by the misses of earlier students (seeds.grow), last mood/001: {ODD} +10 rows" in card
        assert f"{ODD} +10" in (second.folder / "REPORT.md").read_text()
        assert "flattered a little" in (second.folder / "report.html").read_text()

        again = await running.work(task(), stages=("generate", "curate", "export"), watch=Silent())
        assert (again.name, again.done) == ("mood/002", []), "what a run grew is its own, and is not decided anew"
        asked = teachers.asked.total()
        of_it = RunDir(tmp_path, "mood", 2)
        ablation = await ablate(task(GROW), of_it, AblationRequest("balance", seeds=1), Silent())
        assert ablation.left_out[0].let_in > 0
        assert ablation.counts.answers - ablation.counts.dropped == sum(kept(second).values())
        seen = what_if(spec, ["repetition=on"], overrides=[GROW], env={"OPENAI_BASE_URL": teachers.base_url})
        assert seen.kept == (sum(kept(second).values()),) * 2, "what it grew is part of its dataset"
        assert teachers.asked.total() == asked
        third = await running.work(task("gates=[schema, repetition]"), stages=ORDER, watch=Silent(), refresh=True)
        assert (third.name, kept(third), teachers.asked.total()) == ("mood/003", kept(second), asked)


def test_a_run_that_refreshes_no_other_grows_nothing(task: Path) -> None:
    """And a run without a student has no misses that were due."""
    wanted = open_task(task, overrides=[GROW], env={})
    first = running.start(wanted, stages=ORDER, watch=Silent())
    assert not (first.folder / "growth.json").exists()
    assert not growing.due(wanted, RunDir(task.parent, "mood", 1))
    assert "begins without growth" in growing.left_out(wanted, RunDir(task.parent, "mood", 2), new=True)
    assert growing.left_out(wanted, RunDir(task.parent, "mood", 1), new=False) == ""


def test_a_harvested_file_that_no_seed_comes_from_is_a_fault(task: Path) -> None:
    with pytest.raises(SpecError) as fault:
        open_task(task, overrides=["seeds.grow.harvested=[seeds.json]"], env={})
    assert "seeds.grow.harvested[0]: no row comes from 'seeds.json'" in str(fault.value)
    assert "seeds.jsonl" in str(fault.value)
    open_task(task, overrides=["seeds.grow.harvested=[seeds.jsonl]"], env={})


WORDS = ["lamp", "river", "copper", "tuesday", "onion", "violin", "gravel", "passport", "thunder", "biscuit"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=5, max_size=9).map(" ".join)
KINDS = st.sampled_from("ab")


@pytest.fixture(scope="module")
def opened_task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("grown")
    (folder / "seeds.jsonl").write_text(
        "".join(json.dumps({"message": f"{WORDS[n % 10]} {n}", "kind": "ab"[n % 2]}) + "\n" for n in range(40))
    )
    (folder / "teacher.md").write_text("Mood?\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    (folder / "task.yaml").write_text(
        "task: mood\nseeds: {from: seeds.jsonl, test: {share: 0.3}}\nstrata: {by: [kind]}\n"
        "teacher: {model: scripted, exam: {rows: 0}}\ndataset: {accept: 20}\nstudent: {train: {with: none}}\nevaluate: {arms: [teacher]}\n"
    )
    return made(folder / "task.yaml", "{plausible: false, per_row: 4, at_most: 200}")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(TEXTS, KINDS), min_size=4, max_size=24), st.lists(st.tuples(TEXTS, KINDS), max_size=8),
    st.randoms(use_true_random=False),
)  # fmt: skip
async def test_no_test_row_nor_a_near_duplicate_of_one_is_ever_a_parent_or_a_child(
    opened_task: Task,
    tmp_path: Path,
    texts: Sequence[tuple[str, str]],
    harvest: Sequence[tuple[str, str]],
    draw: random.Random,
) -> None:
    """Whatever is harvested, test rows and their rewrites among it, and whatever the seed generator says."""
    seeds = [
        Seed({"message": text}, {"kind": kind}, line=n, source="seeds.jsonl") for n, (text, kind) in enumerate(texts)
    ]
    before = prepare.prepare(opened_task.spec, seeds).kept
    tests = before.filter(role="test")["input"].to_list()
    echoes = [(f"{text}!" if draw.random() < 0.5 else text, draw.choice("ab")) for text in tests]
    harvested = [
        Seed({"message": text}, {"kind": kind}, line=n, source="harvest.jsonl")
        for n, (text, kind) in enumerate([*harvest, *echoes])
    ]
    split = prepare.prepare(opened_task.spec, [*seeds, *harvested], parent=before)
    task = with_growth(opened_task, StrataGrowth("mood/001", "agreement", [], ["harvest.jsonl"]))
    expansion = Expansion(task, split.kept, split.rejected, before)
    assert split.kept.filter(role="test")["input"].sort().equals(before.filter(role="test")["input"].sort())
    strata = set(split.kept.filter(role="train")["stratum"])
    due = expansion.next(dict.fromkeys(strata, 60), frozenset())
    rows = {row["seed_id"]: row for row in split.kept.iter_rows(named=True)}
    used = [rows[seed] for one in due for seed in (one.parent, *one.shown)]
    assert {row["role"] for row in used} <= {"train"}
    assert nearest([row["input"] for row in used], tests, threshold=0.85) == [None] * len(used)
    for stratum in strata:
        order = [rows[one.parent]["source"] for one in due if one.stratum == stratum and one.draw == 0]
        first = order[: len({one.parent for one in due if one.stratum == stratum})]
        assert first == sorted(first, key=lambda source: source != "harvest.jsonl"), "harvested inputs come first"

    def echo(request: Request) -> str:
        number = int(request.id, 16)
        words = [*tests, *(row["input"] for row in used), "entirely new words of nobody at all"]
        return json.dumps({"message": words[number % len(words)] + "?" * (number // 97 % 2)})

    with opened(tmp_path / f"{draw.getrandbits(60)}.db") as store:
        await put(store, [expansion.questions.request(one) for one in due], echo)
        await expansion.round(dict.fromkeys(strata, 60), frozenset(), pilot_sender(task, store, Silent()))
    made_rows = expansion.table.filter(pl.col("way").is_not_null())
    assert set(made_rows["parent"]) <= {one.parent for one in due}
    assert nearest(made_rows["input"].to_list(), tests, threshold=0.85) == [None] * made_rows.height
