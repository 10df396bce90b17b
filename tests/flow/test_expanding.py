"""`seeds.expand`: strata that lack rows are filled by new seeds, all counted, none paid twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.errors import BudgetReached, RowsOwed, SpecError
from distill.flow import explaining, plan_lines, planning, running, seeding
from distill.flow.expanding import Expansion
from distill.flow.opening import open_project
from distill.flow.project import Project
from distill.flow.watch import Silent
from distill.money import Budget
from distill.records import Answer, Ended, Request
from distill.seeds.expand import read as read_seed
from distill.similar import nearest
from distill.teacher import runner
from distill.teacher.limits import Pace
from distill.teacher.runner import Desk
from distill.teacher.scripted import Reply, Scripted, fitting
from distill.teacher.store import Store, opened
from distill.testing.fault_server import Script, serve

STAGES = ("generate", "curate", "export")
WORDS = ["lamp", "river", "copper", "Tuesday", "onion", "violin", "gravel", "passport", "thunder", "biscuit", "ladder"]


@pytest.fixture
def large(task: Path) -> Path:
    """The task with 640 seeds, a quarter of which are set aside for the test."""
    rows = [
        {
            "message": f"{WORDS[i % 11]} {WORDS[(i * 5 + i // 11) % 11]} {i * 7919} {i * 104729 % 9973}",
            "kind": "abcd"[i % 4],
            "expected": {"mood": "glad"},
        }
        for i in range(640)
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def made(task: Path, expand: str, *sets: str, env: dict[str, str] | None = None) -> Project:
    return open_project(task, overrides=[f"seeds.expand={expand}", *sets], env=env or {})


def run(project: Project, **how: Any) -> dict[str, Any]:
    return running.start(project, stages=how.pop("stages", STAGES), watch=Silent(), **how)


def read(result: dict[str, Any], name: str) -> pl.DataFrame:
    return pl.read_parquet(Path(result["folder"]) / name)


def funnel(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows = json.loads((Path(result["folder"]) / "funnel.json").read_bytes())["funnel"]
    return {row["stage"]: row for row in rows}


@pytest.mark.slow
def test_a_thousand_rows_come_of_640_seeds(large: Path) -> None:
    """All accounted for; a made seed is a training row of its parent's stratum that explain tells apart; no second run pays."""
    project = made(large, "{at_most: 3000, per_row: 6}", "dataset.accept=1000")
    result = run(project)
    kept = read(result, "samples.parquet").filter(pl.col("fate") != "dropped")
    assert (kept.height, result["shortfall"], result["exit"]) == (1000, [], 0)
    seeds, dropped = read(result, "seeds.parquet"), read(result, "dropped.parquet")
    new = seeds.filter(pl.col("way").is_not_null())
    assert set(new["way"]) == {"rewrite", "vary", "fill", "like"}
    assert set(new["role"]) == {"train"}
    strata = dict(seeds.select("seed_id", "stratum").iter_rows())
    assert all(strata[parent] == stratum for parent, stratum in new.select("parent", "stratum").iter_rows())
    steps = funnel(result)
    gone = dropped.filter(stage="expand")
    assert steps["expand"]["in"] == new.height + gone.height
    assert steps["expand"]["dropped"] == dict(Counter(gone["reason"].to_list()))
    assert steps["ask"]["in"] == steps["test"]["kept"] + steps["expand"]["kept"]
    tests = seeds.filter(role="test")["input"].to_list()
    assert nearest(new["input"].to_list(), tests, threshold=0.85) == [None] * new.height
    on_made = kept.filter(pl.col("seed_id").is_in(new["seed_id"].implode())).height
    assert f"inputs that a model made: {on_made} rows" in (Path(result["folder"]) / "CARD.md").read_text()
    told = explaining.explain(large.parent, "mood", new["seed_id"][0])
    assert f"seed      expand:{new['way'][0]} of {new['parent'][0]} ·" in "\n".join(explaining.explain_lines(told))
    assert run(project)["done"] == []
    again = run(project, new=True)
    assert (again["requests_sent"], Path(again["folder"]).name) == (0, "002")
    for name in ("train.jsonl", "dataset.parquet", "seeds.parquet"):
        assert (Path(again["folder"]) / name).read_bytes() == (Path(result["folder"]) / name).read_bytes()
    curated = run(made(large, "{at_most: 3000, per_row: 6}", "dataset.accept=990"), stages=("curate",))
    assert curated["requests_sent"] == 0
    assert read(curated, "samples.parquet").filter(pl.col("fate") != "dropped").height == 990


def test_a_low_cap_leaves_a_shortfall_that_is_told_with_numbers(large: Path) -> None:
    """No more is asked for than the cap; each stratum says what is missing and what cost most."""
    result = run(made(large, "{at_most: 50}", "dataset.accept=1000"))
    assert funnel(result)["expand"]["in"] == 50
    kept = read(result, "samples.parquet").filter(pl.col("fate") != "dropped").height
    assert 480 < kept < 531
    rows = result["shortfall"]
    assert [row["stratum"] for row in rows] == ["a", "b", "c", "d"]
    assert sum(row["wanted"] for row in rows) == 1000
    assert sum(row["got"] for row in rows) == kept
    assert {row["reason"] for row in rows} == {"at_most"}
    said = "\n".join(running.lines(result))
    assert f"{1000 - kept} rows are missing in 4 strata" in said
    assert "of 250 rows; the cap on new seeds cost most" in said


def test_a_refresh_keeps_the_made_seeds_and_makes_no_more_than_it_lacks(large: Path) -> None:
    """The same rows, the same test, and the questions go on where they were."""
    first = run(
        made(large, "{at_most: 900, per_row: 4}", "dataset.accept=700", "evaluate.arms=[]"),
        stages=(*STAGES, "evaluate", "report"),
    )
    project = made(
        large,
        "{at_most: 900, per_row: 4}",
        "dataset.accept=700",
        "evaluate.arms=[]",
        "teacher.sampling.temperature=0.5",
    )
    result = run(project, refresh=True, stages=(*STAGES, "evaluate", "report"))
    assert Path(result["folder"]).name == "002"
    before, after = (
        set(read(one, "seeds.parquet").filter(pl.col("way").is_not_null())["seed_id"]) for one in (first, result)
    )
    assert before
    assert before <= after
    report = json.loads((Path(result["folder"]) / "report.json").read_bytes())
    assert any("answer inputs that a model made" in warning for warning in report["warnings"])
    line = funnel(result)["expand"]
    assert line["from_parent"] == len(before)
    assert line["in"] - line["from_parent"] == len(after - before) + sum(line["dropped"].values())
    assert funnel(result)["ask"]["in"] == funnel(result)["test"]["kept"] + line["kept"]


def test_a_refresh_gives_made_seeds_the_labels_that_hold_now(task: Path) -> None:
    """Those of their parents, and by rule over their own fields; what fits no more, or has no parent left, is a counted drop."""
    rule = "strata={by: [kind, size], labels: {size: \"CASE WHEN LENGTH(message) > %d THEN 'long' ELSE 'short' END\"}}"
    expand = "{at_most: 120, per_row: 6, plausible: false}"
    sets = ["dataset.accept=60", "evaluate.arms=[]"]
    stages = (*STAGES, "evaluate", "report")
    first = run(made(task, expand, rule % 28, *sets), stages=stages)
    before = read(first, "seeds.parquet").drop_nulls("way")
    orphan = Counter(before["parent"].to_list()).most_common(1)[0][0]
    lost = json.loads(read(first, "seeds.parquet").filter(seed_id=orphan)["fields"][0])["message"]
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    rows = [row | {"kind": {"a": "x", "b": "b"}[row["kind"]]} for row in rows if row["message"] != lost]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    long = {seed: len(text) for seed, text in read(first, "seeds.parquet").select("seed_id", "input").iter_rows()}
    apart = [{long[seed], long[parent]} for seed, parent in before.select("seed_id", "parent").iter_rows()]
    edge = Counter(n for pair in apart for n in range(min(pair), max(pair))).most_common(1)[0][0]
    result = run(made(task, expand, rule % edge, *sets, "teacher.sampling.seed=5"), refresh=True, stages=stages)
    seeds, line = read(result, "seeds.parquet"), funnel(result)["expand"]
    of = {row["seed_id"]: row for row in seeds.iter_rows(named=True)}
    after = seeds.filter(pl.col("seed_id").is_in(before["seed_id"].implode()))
    for row in after.iter_rows(named=True):
        parent = of[row["parent"]]
        size = "long" if long[row["seed_id"]] > edge else "short"
        assert json.loads(row["labels"]) == {"kind": json.loads(parent["labels"])["kind"], "size": size}
        assert row["stratum"] == parent["stratum"]
    assert set(seeds["stratum"]) <= {"x/long", "x/short", "b/long", "b/short"}
    gone = read(result, "dropped.parquet").filter(pl.col("row").is_in(before["seed_id"].implode()), stage="expand")
    assert after.height + gone.height == before.height == line["from_parent"]
    assert gone.filter(reason="parent_gone").height == before.filter(parent=orphan).height > 0
    assert gone.filter(reason="other_stratum").height > 0
    assert line["in"] == line["kept"] + sum(line["dropped"].values())


async def test_every_candidate_that_goes_has_its_reason(large: Path) -> None:
    """Repeats, near test rows, refusals, broken answers and verdicts: no new seed is what a check could not let pass."""
    project = made(large, "{at_most: 400, per_row: 3, ways: [rewrite]}", "dataset.accept=560", "evaluate.arms=[]")
    table = seeding.aside(project.spec, project.seeds).kept
    tests = table.filter(role="test")["input"].to_list()

    def poor(request: Request) -> Answer | str:
        number, row = int(request.id, 16), json.loads(str(request.turns[-1]["content"]).split("\n")[-2])
        twin = {"message": tests[number % len(tests)] + "!"}
        if number % 7 == 4:
            return Answer(request.id, Ended.OK, "", "stop", refusal="I would rather not.")
        return [json.dumps(row), json.dumps(twin), "no JSON", '{"message": 7}', "", fitting(request), fitting(request)][
            number % 7
        ]

    def unsure(request: Request) -> str:
        return "I am not sure." if int(request.id, 16) % 3 == 0 else fitting(request)

    expansion = Expansion(project, table, table.clear())
    due = expansion.next(dict.fromkeys("abcd", 100), frozenset())
    with opened(project.store_path) as store:
        await put(store, [expansion.questions.request(one) for one in due], poor)
        said = [(one, store.get(expansion.questions.request(one).id)) for one in due]
        texts = [(one, read_seed(answer.text, ["message"])) for one, answer in said if answer]
        await put(
            store,
            [expansion.questions.check(one, fields) for one, fields in texts if not isinstance(fields, str)],
            unsure,
        )
    result = await running.work(project, stages=STAGES, watch=Silent())
    dropped = read(result, "dropped.parquet").filter(stage="expand")
    assert set(dropped["reason"]) == {"repeated", "near_test_row", "unreadable", "declined", "implausible", "unscored"}
    line = funnel(result)["expand"]
    assert line["in"] == line["kept"] + dropped.height
    assert dropped["row"].n_unique() == dropped.height
    assert set(dropped["row"]).isdisjoint(read(result, "seeds.parquet")["seed_id"])
    assert dropped["detail"].str.starts_with("rewrite of ").all()


async def put(store: Store, requests: list[Request], reply: Reply) -> None:
    """The answers of a teacher of one's own in the store; a run replays them."""
    desk = Desk(
        teacher=Scripted(reply), store=store, run="mood/000", spender="put", budget=Budget(), price=None, pace=Pace()
    )
    await runner.run(requests, desk, in_flight=4)


async def test_a_budget_that_is_reached_while_seeds_are_made_says_what_is_missing(task: Path) -> None:
    """Exit 5; with a larger budget the run goes on, every question is paid once, and the bytes are those of an undisturbed run."""
    price = "teacher.price={input: 1, output: 1}"
    async with serve(Script()) as server:
        env = {"OPENAI_BASE_URL": server.base_url}
        sets = ["dataset.accept=60", "evaluate.arms=[]", "teacher.model=m", price, "teacher.limits.in_flight=4"]
        expand = "{at_most: 200, per_row: 6, ways: [rewrite, vary, like]}"  # each of these questions is one of its own
        with pytest.raises(
            BudgetReached, match=r"Still missing when new seeds were asked for: \d+ of a, \d+ of b"
        ) as caught:
            await running.work(made(task, expand, *sets, "budget.usd=0.02", env=env), stages=STAGES, watch=Silent())
        assert caught.value.exit_code == 5
        paid = set(server.ledger.billed)
        project = made(task, expand, *sets, "budget.usd=1", env=env)
        result = await running.work(project, stages=STAGES, watch=Silent())
        assert set(server.ledger.billed) > paid
        assert set(server.ledger.billed.values()) == {1}
        with opened(project.store_path) as store:
            spent = {row.spender: row.sends for row in store.ledger(result["run"])}
        assert spent["expand"] == funnel(result)["expand"]["in"]
        assert 0 < spent["expand check"] <= spent["expand"]
        other = await running.work(project, stages=STAGES, watch=Silent(), new=True)
        assert other["requests_sent"] == 0
    for name in ("train.jsonl", "seeds.parquet"):
        assert (Path(other["folder"]) / name).read_bytes() == (Path(result["folder"]) / name).read_bytes()


@pytest.mark.parametrize("bad", [0.4, 1.0])
async def test_what_the_maker_failed_to_answer_is_owed_and_nothing_is_made_in_its_place(task: Path, bad: float) -> None:
    """Exit 3; once it is well again the same command asks only for those, and ends in the bytes of an undisturbed run."""
    async with serve() as server, serve(Script(seed=4, faults={"500": bad})) as maker:
        sets = [
            "dataset.accept=60", "evaluate.arms=[]", "teacher.model=m", "teacher.limits={attempts: 1}",
            f"seeds.expand.model={{model: maker, base_url: '{maker.base_url}'}}",
        ]  # fmt: skip
        expand = "{at_most: 100, per_row: 6, ways: [rewrite, vary, like]}"
        project = made(task, expand, *sets, env={"OPENAI_BASE_URL": server.base_url})
        with pytest.raises(RowsOwed, match="could not be answered") as caught:
            await running.work(project, stages=STAGES, watch=Silent())
        assert caught.value.exit_code == 3
        gone = pl.read_parquet(task.parent / "runs/mood/001/seeds_dropped.parquet").filter(
            stage="expand", reason="owed"
        )
        assert gone.height > 5
        assert gone["detail"].str.contains("overloaded after 1 sends").all()
        before = len(maker.ledger.entries)
        maker.script = Script()
        result = await running.work(project, stages=STAGES, watch=Silent())
        assert (result["exit"], result["owed"]) == (0, 0)
        assert set(maker.ledger.billed.values()) == {1}
        again = [request for request, sends in maker.ledger.sends.items() if sends > 1]
        assert len(again) == gone.height <= before
        whole = open_project(
            task, overrides=[f"seeds.expand={expand}", *sets], env={"OPENAI_BASE_URL": server.base_url},
            home=task.parent / "whole",
        )  # fmt: skip
        other = await running.work(whole, stages=STAGES, watch=Silent())
    for name in ("train.jsonl", "seeds.parquet", "dropped.parquet"):
        assert (Path(other["folder"]) / name).read_bytes() == (Path(result["folder"]) / name).read_bytes()


@pytest.mark.parametrize("who", ["teacher", "judge"])
async def test_no_seed_is_made_while_rows_are_owed(task: Path, who: str) -> None:
    """Exit 3 with nothing asked of the maker; afterwards it makes no more than in an undisturbed run."""
    (task.parent / "judge.md").write_text("Does the answer fit?\n")
    async with serve() as server, serve() as maker, serve() as judge:
        sets = [
            "dataset.accept=40", "evaluate.arms=[]", "teacher.model=m", "teacher.limits={attempts: 1}",
            "gates=[schema, {judge: {at_least: 1}}]",
            f"judge={{prompt: judge.md, dimensions: {{fits: It fits.}}, models: [{{model: j, base_url: '{judge.base_url}'}}]}}",
            f"seeds.expand.model={{model: maker, base_url: '{maker.base_url}'}}",
        ]  # fmt: skip
        expand = "{at_most: 60, per_row: 6, plausible: false}"
        env = {"OPENAI_BASE_URL": server.base_url}
        bad = server if who == "teacher" else judge
        bad.script = Script(seed=2, faults={"500": 0.4})
        project = made(task, expand, *sets, env=env)
        with pytest.raises(RowsOwed, match="could not be answered"):
            await running.work(project, stages=STAGES, watch=Silent())
        assert maker.ledger.entries == []
        bad.script = Script()
        result = await running.work(project, stages=STAGES, watch=Silent())
        assert (result["exit"], result["owed"], result["funnel"]["kept"]) == (0, 0, 40)
        paid = len(maker.ledger.entries)
        whole = open_project(task, overrides=[f"seeds.expand={expand}", *sets], env=env, home=task.parent / "whole")
        await running.work(whole, stages=STAGES, watch=Silent())
        assert 0 < paid == len(maker.ledger.entries) - paid


async def test_rows_that_the_teacher_will_never_take_do_not_keep_seeds_from_being_made(task: Path) -> None:
    """They are lost for good, so their strata are filled by new seeds."""
    async with serve(Script(seed=3, faults={"400": 0.2})) as server, serve() as maker:
        sets = [
            "dataset.accept=36", "evaluate.arms=[]", "teacher.model=m",
            f"seeds.expand.model={{model: maker, base_url: '{maker.base_url}'}}",
        ]  # fmt: skip
        project = made(task, "{at_most: 60, per_row: 6}", *sets, env={"OPENAI_BASE_URL": server.base_url})
        result = await running.work(project, stages=STAGES, watch=Silent(), partial=True)
    assert maker.ledger.entries
    assert result["funnel"]["kept"] == 36


async def test_a_seed_that_the_maker_will_never_take_is_not_owed(task: Path) -> None:
    """Each is dropped as `no_answer` with what the endpoint said, the run goes on, and a second one sends nothing."""
    async with serve() as server, serve(Script(seed=4, faults={"400": 0.4})) as maker:
        sets = [
            "dataset.accept=50", "evaluate.arms=[]", "teacher.model=m",
            f"seeds.expand.model={{model: maker, base_url: '{maker.base_url}'}}",
        ]  # fmt: skip
        project = made(task, "{at_most: 60, per_row: 6}", *sets, env={"OPENAI_BASE_URL": server.base_url})
        result = await running.work(project, stages=STAGES, watch=Silent())
        assert (result["exit"], result["owed"]) == (0, 0)
        gone = read(result, "dropped.parquet").filter(stage="expand", reason="no_answer")
        assert gone.height > 3
        assert gone["detail"].str.contains("refused after 1 sends").all()
        again = await running.work(project, stages=STAGES, watch=Silent(), new=True)
        assert again["requests_sent"] == 0


def test_refused_rows_are_drawn_once_more_before_any_is_made(task: Path) -> None:
    """`dataset.more_draws`: the gates refuse half of the answers; another draw comes first, and only of those rows."""
    gate = 'gates=[schema, {form: {matches: "glad"}}]'
    sets = [gate, "dataset.accept=34", "teacher.sampling.seed=1", "evaluate.arms=[]"]
    without = run(made(task, "{at_most: 1}", "dataset.more_draws=0", *sets))
    asked = read(without, "asked.parquet")
    assert set(asked["draw"]) == {0}
    result = run(made(task, "{at_most: 40, plausible: false}", *sets), new=True)
    asked = read(result, "asked.parquet")
    passed = set(read(without, "samples.parquet").filter(pl.col("fate") != "dropped")["seed_id"])
    again = asked.filter(draw=1).filter(
        ~pl.col("seed_id").is_in(read(result, "seeds.parquet").filter(pl.col("way").is_not_null())["seed_id"].implode())
    )
    assert again.height > 5
    assert passed.isdisjoint(again["seed_id"])
    assert set(asked["draw"]) == {0, 1}


def test_a_rule_decides_to_which_stratum_a_made_seed_belongs(task: Path) -> None:
    """What a rule would call otherwise than its parent is dropped, and never counted for a stratum that it is not of."""
    rule = "strata={by: [size], labels: {size: \"CASE WHEN LENGTH(message) > 40 THEN 'long' ELSE 'short' END\"}}"
    result = run(made(task, "{at_most: 60, plausible: false}", rule, "dataset.accept=50"))
    assert set(read(result, "dropped.parquet").filter(stage="expand")["reason"]) >= {"other_stratum"}
    for row in read(result, "seeds.parquet").to_dicts():
        assert row["stratum"] == ("long" if len(json.loads(row["fields"])["message"]) > 40 else "short")


def test_rare_strata_are_levelled_up_and_rich_ones_fill_in_where_that_fails(task: Path) -> None:
    """Quotas count on what could be made; when it does not come, the rows are taken where there are seeds."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for n, row in enumerate(rows):
        row["kind"] = "rare" if n % 12 == 0 else "usual"
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    level = run(made(task, "{at_most: 300, per_row: 20, plausible: false}", "dataset.accept=24"))
    strata = Counter(read(level, "samples.parquet").filter(pl.col("fate") != "dropped")["stratum"].to_list())
    assert strata == {"rare": 12, "usual": 12}
    poor = run(made(task, "{at_most: 2, plausible: false}", "dataset.accept=24"), new=True)
    strata = Counter(read(poor, "samples.parquet").filter(pl.col("fate") != "dropped")["stratum"].to_list())
    assert strata.total() == 24
    assert strata["usual"] > 15


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["dataset.accept=null"], "nothing says how many rows are wanted"),
        (["seeds.expand.about={c: x}"], "no label has the value 'c', and no stratum is called so"),
        (["seeds.expand.ways=[rewrites]"], "ways"),
        (["seeds.expand.per_rows=3"], "did you mean `per_row`"),
        (["teacher.prompt=number.md"], "'n' is a JSON int in seeds.jsonl:1, and only texts can be made"),
    ],
)
def test_what_cannot_be_made_is_a_fault_of_the_spec(task: Path, sets: list[str], said: str) -> None:
    """Before anything is paid."""
    rows = [
        json.loads(line) | {"n": n} for n, line in enumerate((task.parent / "seeds.jsonl").read_text().splitlines())
    ]
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (task.parent / "number.md").write_text("[user]\n{{n}} {{message}}")
    with pytest.raises(SpecError) as caught:
        made(task, "{about: {a: first}}", *sets)
    assert said in str(caught.value)


def test_conversations_are_not_made(task: Path) -> None:
    """The fault says so."""
    turns = [{"messages": [{"role": "user", "content": f"Where is order {n * 7919}?"}]} for n in range(30)]
    (task.parent / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in turns))
    (task.parent / "teacher.md").write_text("Help.\n[messages]\n{{messages}}\n")
    (task.parent / "student.md").write_text("Help.\n[messages]\n{{messages}}\n")
    with pytest.raises(SpecError, match="messages is a conversation, and only texts can be made"):
        made(task, "{}", "seeds.from=log.jsonl", "seeds.as=chats", "seeds.gold=null", "strata.by=[]")


def test_a_plan_says_what_new_seeds_may_cost_at_most(large: Path) -> None:
    """A row for making, checking and answering them; the run's own figures stay below."""
    sets = ["dataset.accept=600", "evaluate.arms=[]", "teacher.model=m", "teacher.price={input: 1, output: 1}"]
    project = made(large, "{at_most: 200}", *sets, env={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    plan = planning.plan(project)
    rows = {row["spender"]: row for row in plan["spenders"]}
    assert {name: rows[name]["requests"] for name in ("expand", "expand check", "teacher, new seeds")} == {
        "expand": 200, "expand check": 200, "teacher, new seeds": 200,
    }  # fmt: skip
    assert all(rows[name]["usd_at_most"] > 0 for name in ("expand", "expand check", "teacher, new seeds"))
    assert rows["expand"]["share_expected"] == pytest.approx(120 / 200)
    assert "strata lack when no seed is left, about 60%" in "\n".join(plan_lines.lines(plan))


DEAR = "{model: big, base_url: 'URL', price: {input: 100, output: 100}}"
LONG = "gates=[schema, {length: {min_chars: 17}}]"


@pytest.mark.parametrize(
    ("sets", "spender"),
    [
        (
            [
                f"judge={{prompt: judge.md, dimensions: {{fits: It fits.}}, models: [{DEAR}]}}",
                "gates=[schema, {judge: {at_least: 1}}]",
            ],
            "judge big",
        ),
        ([f"teacher.panel=[{DEAR}]"], "panel big"),
        ([f"teacher.fallback=[{DEAR}]", LONG], "fallback big"),
        (["dataset.more_draws=4", LONG], "teacher"),
    ],
)
async def test_no_run_that_makes_seeds_costs_more_than_its_plan_says(task: Path, sets: list[str], spender: str) -> None:
    """Judges, a panel, fallbacks and further draws, each at its own price: every spender stays below its rows of the plan."""
    (task.parent / "judge.md").write_text("Does the answer fit?\n")
    async with serve() as server:
        given = [
            "teacher.model=m", "teacher.price={input: 1, output: 1}", "evaluate.arms=[]", "dataset.accept=70",
            "teacher.sampling.temperature=0.5", *(one.replace('URL', server.base_url) for one in sets),
        ]  # fmt: skip
        expand = "{at_most: 80, per_row: 4, plausible: false}"
        project = made(task, expand, *given, env={"OPENAI_BASE_URL": server.base_url})
        plan = await asyncio.to_thread(planning.plan, project)
        result = await running.work(project, stages=STAGES, watch=Silent())
    assert result["usd"] <= plan["usd_at_most"]
    rows = Counter[str]()
    for row in plan["spenders"]:
        rows[row["spender"].split(",")[0]] += row["usd_at_most"]
    with opened(project.store_path) as store:
        spent = {row.spender: row.usd for row in store.ledger(result["run"])}
    first = next(row["usd_at_most"] for row in plan["spenders"] if row["spender"] == spender)
    assert all(usd <= rows[name] for name, usd in spent.items())
    assert rows[spender] > 2 * first > 0
    assert spent[spender] > 0


@pytest.mark.slow
async def test_a_run_that_is_killed_while_seeds_are_made_ends_in_the_same_bytes(task: Path) -> None:
    """kill -9, then again: nothing that was answered is asked a second time, and the dataset is that of a run left alone."""
    sets = [
        "seeds.expand={at_most: 300, per_row: 8, ways: [rewrite, vary, like]}", "dataset.accept=90", "teacher.model=m", "evaluate.arms=[]",
        "teacher.limits.in_flight=3",
    ]  # fmt: skip
    given = [part for setting in sets for part in ("--set", setting)]
    async with serve(Script(latency_s=0.02)) as server:
        env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "k"}
        call = [sys.executable, "-m", "distill", "generate", str(task), *given]
        process = await asyncio.create_subprocess_exec(*call, env=os.environ | env, stderr=asyncio.subprocess.PIPE)
        for _ in range(6000):
            if len(server.ledger.entries) >= 70:
                break
            await asyncio.sleep(0.01)
        assert process.returncode is None
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        project = open_project(task, overrides=sets, env=env)
        result = await running.work(project, stages=STAGES, watch=Silent())
        assert sum(count > 1 for count in server.ledger.sends.values()) <= 3
        whole = open_project(task, overrides=sets, env=env, home=task.parent / "whole")
        other = await running.work(whole, stages=STAGES, watch=Silent())
    assert read(result, "seeds.parquet").drop_nulls("way").height > 40
    for name in ("train.jsonl", "seeds.parquet", "dropped.parquet"):
        assert (Path(other["folder"]) / name).read_bytes() == (Path(result["folder"]) / name).read_bytes()


def test_an_edge_case_over_no_stratum_still_needs_its_seeds(task: Path) -> None:
    """What is made has the labels of its parent; a floor is promised only where the stratum itself is the edge case."""
    rows = [json.loads(line) for line in (task.parent / "seeds.jsonl").read_text().splitlines()]
    for n, row in enumerate(rows):
        row["tone"] = "angry" if n % 10 == 0 else "calm"
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    case = "strata={by: [%s], edge_cases: [{where: {tone: angry}, at_least: 12}]}"
    with pytest.raises(SpecError, match=r"at_least 12 asked, \d training seeds have tone = angry"):
        made(task, "{}", case % "kind")
    result = run(made(task, "{at_most: 200, per_row: 9, plausible: false}", case % "tone"))
    kept = read(result, "samples.parquet").filter(pl.col("fate") != "dropped")
    assert kept.filter(stratum="angry").height >= 10
    cases = json.loads((Path(result["folder"]) / "funnel.json").read_bytes())["edge_cases"]
    assert cases == [{"where": {"tone": "angry"}, "at_least": 12, "got": 12}]
