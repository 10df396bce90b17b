"""Labels that no column holds: by rule when the task is opened, by a model before test rows are set aside."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from distill.errors import RowsOwed, SpecError
from distill.pipeline import run as running
from distill.pipeline.open_task import open_task
from distill.plan import plan as planning
from distill.seeds import labelling
from distill.task.run import ORDER
from distill.task.task import Task
from distill.teacher.progress import Silent
from distill.teacher.schedule import InBatches
from distill.teacher.store.store import opened
from distill.testing.batch.states import BatchScript
from distill.testing.fault_server import Script, serve
from distill.views import what_if

ASK = "Which tone?\n[user]\n{{message}}\n"
TONE = "strata.labels={tone: {ask: tone.md, values: [calm, angry]}}"


@pytest.fixture
def toned(task: Path) -> Path:
    (task.parent / "tone.md").write_text(ASK)
    return task


def made(task: Path, *sets: str, url: str | None = None) -> Task:
    given = [*sets, *(["teacher.model=m"] if url else [])]
    return open_task(task, overrides=given, env={"OPENAI_BASE_URL": url} if url else {})


async def run(task: Task, **how: Any) -> Path:
    return (await running.work(task, stages=how.pop("stages", ORDER), watch=Silent(), **how)).folder


def seeds_of(folder: Path) -> dict[str, dict[str, Any]]:
    rows = pl.read_parquet(folder / "seeds.parquet").to_dicts()
    return {row["seed_id"]: row | {"labels": json.loads(row["labels"])} for row in rows}


def labels_sent(task: Task, name: str = "mood/001") -> int:
    """Calls for the label in a run's ledger."""
    with opened(task.store_path) as store:
        return {row.spender: row.sends for row in store.ledger(name)}["label tone"]


async def test_rules_make_strata_of_what_stands_in_a_row(task: Path) -> None:
    """The quotas and the test rows are drawn over them, and no request is sent for them."""
    rule = "strata={by: [kind, size], labels: {size: \"CASE WHEN LENGTH(message) > 27 THEN 'long' ELSE 'short' END\"}}"
    folder = await run(made(task, rule))
    for row in seeds_of(folder).values():
        size = "long" if len(json.loads(row["fields"])["message"]) > 27 else "short"
        assert row["stratum"] == f"{row['labels']['kind']}/{size}"
    assert len(set(pl.read_parquet(folder / "seeds.parquet")["stratum"])) == 4
    funnel = json.loads((folder / "funnel.json").read_bytes())
    assert set(funnel["strata"]) == {"kind", "size"}


def test_faults_of_labels_come_with_all_others(toned: Path) -> None:
    """A rule's column, a template's variable and its file, a value given twice, and an unknown key, each with its place."""
    with pytest.raises(SpecError) as caught:
        made(
            toned,
            "strata={by: [size], labels: {size: LENGTH(mesage), mood: {ask: mood.md, values: [a, b]}, tone: {ask: student.md, values: [a, b]}}}",
        )
    said = str(caught.value)
    assert "strata.labels.size: 'LENGTH(mesage)': no column 'mesage'; did you mean 'message'?" in said
    assert "mood.md: no such file" in said
    (toned.parent / "tone.md").write_text("[user]\n{{kind}}")
    with pytest.raises(SpecError, match=r"no column fills `\{\{kind\}\}`; columns are message"):
        made(toned, TONE)
    with pytest.raises(SpecError, match=r"unknown key `strata\.labels\.tone\.value`; did you mean `values`"):
        made(toned, "strata.labels={tone: {ask: tone.md, value: [a, b]}}")
    with pytest.raises(SpecError, match="each value once"):
        made(toned, "strata.labels={tone: {ask: tone.md, values: [a, unlabelled]}}")


async def test_an_asked_label_is_asked_once_and_stratifies_the_test_rows(toned: Path) -> None:
    """One request a text, in the ledger as its own spender; a second run asks nothing, and the plan knew the number."""
    task = made(toned, "strata.by=[tone]", TONE)
    plan = {row.spender: row for row in planning.plan(task).spenders}
    assert plan["label tone"].to_send == 48
    first = await running.work(task, stages=ORDER, watch=Silent())
    folder = first.folder
    tones = Counter(row["labels"]["tone"] for row in seeds_of(folder).values())
    assert set(tones) == {"calm", "angry"}
    test = json.loads((folder / "seeds.json").read_bytes())["test"]["strata"]
    assert {name: round(12 * count / 48) for name, count in tones.items()} == test
    report = json.loads((folder / "report.json").read_bytes())
    assert {row["spender"]: row["calls"] for row in report["spend"]}["label tone"] == 48
    again = await running.work(task, stages=ORDER, watch=Silent())
    assert (again.done, again.requests_sent) == ([], 0)
    assert {row.spender: row for row in planning.plan(task).spenders}["label tone"].in_store == 48


async def test_an_answer_that_is_no_value_is_asked_for_once_more_and_then_unlabelled(toned: Path) -> None:
    """Half of the answers cannot be read: two sends at the most, and what is left is a stratum of its own that the report counts."""
    async with serve(Script(seed=5, faults={"surrogate": 0.25, "refusal": 0.25})) as server:
        task = made(
            toned,
            "strata.by=[tone]",
            TONE,
            "gates=[finish_reason]",
            "evaluate.arms=[]",
            "dataset.accept=null",
            url=server.base_url,
        )
        folder = await run(task)
        faults = Counter(entry.fault for entry in server.ledger.entries)
    rows = seeds_of(folder).values()
    tones = Counter(row["labels"]["tone"] for row in rows)
    assert set(tones) == {"calm", "angry", "unlabelled"}
    sends = labels_sent(task)
    assert 48 < sends < 96
    with opened(task.store_path) as store:  # what `plan` counts with is what the run drew its test rows by
        held = {seed.id: seed.labels["tone"] for seed in labelling.stored_labels(task, store).seeds}
    assert {row["seed_id"]: row["labels"]["tone"] for row in rows}.items() <= held.items()
    assert Counter(held.values())["unlabelled"] < sends - 48
    assert tones["unlabelled"] < sends - 48 < sum(faults.values())
    trained = sum(row["labels"]["tone"] == "unlabelled" and row["role"] == "train" for row in rows)
    report = json.loads((folder / "report.json").read_bytes())
    assert any(f"{trained} training rows have no readable label 'tone'" in line for line in report["warnings"])


async def test_a_further_row_of_a_text_buys_no_label(toned: Path) -> None:
    """Wherever it comes among the others: the rows are shuffled, and each has a copy that differs in case alone."""
    opening = ("strata.by=[tone]", TONE, "seeds.test={rows: 4}", "evaluate.arms=[]", "dataset.accept=null")
    rows = [json.loads(line) for line in (toned.parent / "seeds.jsonl").read_text().splitlines()][:12]
    write_rows(toned, rows)
    await run(made(toned, *opening), stages=ORDER[:1])
    write_rows(toned, [*({**row, "message": row["message"].upper()} for row in rows), *rows[::-1]])
    task = made(toned, *opening)
    plan = {row.spender: row for row in planning.plan(task).spenders}
    assert (plan["label tone"].in_store, plan["label tone"].to_send) == (12, 0)
    await run(task, stages=ORDER[:1])
    assert labels_sent(task) == 12


def write_rows(task: Path, rows: list[dict[str, Any]]) -> None:
    (task.parent / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


async def test_rows_that_could_not_be_asked_are_owed_and_no_test_row_is_drawn(toned: Path) -> None:
    """A failure is no label: exit 3, nothing written; the endpoint mended, only the rest is asked. A refused row is unlabelled."""
    async with serve(Script(seed=2, faults={"500": 0.4, "422": 0.1}, retry_after_s=0.0)) as server:
        task = made(
            toned, "strata.by=[tone]", TONE, "teacher.limits={attempts: 1}", "evaluate.arms=[]", url=server.base_url
        )
        with pytest.raises(RowsOwed, match="have no label 'tone' yet"):
            await run(task)
        assert not (toned.parent / "runs" / "mood" / "001" / "seeds.parquet").exists()
        server.script = Script()
        folder = await run(task, partial=True)
        assert set(server.ledger.billed.values()) == {1}
    tones = Counter(row["labels"]["tone"] for row in seeds_of(folder).values())
    assert 0 < tones["unlabelled"] < 15


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (
            ["strata.quotas=[{where: {tone: angri}, cap: 3}]"],
            r"quotas\[0\]\.where: 'angri' is no value of the label 'tone'",
        ),
        (["strata.quotas=[{where: {kind: c}, cap: 3}]"], r"quotas\[0\]\.where: no seed has kind = 'c'"),
        (["strata.quotas=[{where: {tone: calm}, count: 12}, {where: {kind: a}, floor: 9}]"], "20 wanted, .* need 21"),
        (
            ["strata.edge_cases=[{where: {kind: a}, at_least: 1}, {where: {tone: sad}, at_least: 1}]"],
            r"edge_cases\[1\]",
        ),
        (
            ["strata.edge_cases=[{where: {tone: calm}, at_least: 1}, {where: {kind: c}, at_least: 1}]"],
            r"edge_cases\[1\]",
        ),
        (["seeds.expand={about: {angri: x}}"], "no label has the value 'angri', and no stratum has that name"),
        (["seeds.expand={about: {a/sad: x}}"], "no label has the value 'a/sad'"),
    ],
)
def test_what_an_asked_label_cannot_be_is_told_before_it_is_asked_for(toned: Path, sets: list[str], said: str) -> None:
    """Its values stand in the spec, so that a slip costs nothing."""
    tone = [TONE, "strata.by=[kind, tone]"]
    with pytest.raises(SpecError, match=said) as caught:
        made(toned, *tone, *sets)
    assert len(caught.value.faults) == 1
    sound = ["strata.quotas=[{where: {tone: unlabelled}, cap: 3}]", "seeds.expand={about: {a/angry: x, calm: y}}"]
    assert made(toned, *tone, *sound).spec.strata.quotas


async def test_quotas_over_asked_labels_are_checked_when_the_labels_are_there(toned: Path) -> None:
    """The sentences are those of `validate`, and no row is asked of the teacher."""
    case = "strata={by: [tone], labels: {tone: {ask: tone.md, values: [calm, angry, glad]}}, edge_cases: [{where: {tone: angry}, at_least: 20}]}"
    task = made(toned, case)
    with pytest.raises(
        SpecError, match=r"at_least 20 wanted, \d+ training seeds have tone = angry; add \d+ such seeds"
    ):
        await run(task)
    with opened(task.store_path) as store:
        assert [row.spender for row in store.ledger("mood/001")] == ["label tone"]


async def test_other_quotas_over_asked_labels_are_checked_on_the_labels_of_the_run(toned: Path) -> None:
    """By `curate` and by `--what-if`, in the words of `run`; what can be met is compared."""
    both = [TONE, "strata.by=[tone]"]
    await run(made(toned, *both), stages=ORDER[:2])
    case = "strata.edge_cases=[{where: {tone: angry}, at_least: 9}, {where: {tone: calm}, at_least: 8}]"
    for change, said in (("16", "16 wanted, the edge cases alone need 17"), ("48", r"the training seeds can give \d+")):
        sets = [*both, case]
        with pytest.raises(SpecError, match=said):
            what_if.what_if(toned, [f"dataset.accept={change}"], overrides=sets, env={})
        with pytest.raises(SpecError, match=said):
            await run(made(toned, *sets, f"dataset.accept={change}"), stages=("curate",))
    assert what_if.what_if(toned, ["dataset.accept=17"], overrides=both, env={}).kept == (20, 17)


async def test_a_refresh_keeps_what_rows_are_called(toned: Path) -> None:
    """Another teacher would call them otherwise, and draw other strata; only new rows are asked about."""
    async with serve() as server:
        old = await run(made(toned, "strata.by=[tone]", TONE, "evaluate.arms=[]", url=server.base_url), stages=ORDER)
        with (toned.parent / "seeds.jsonl").open("a") as file:
            file.write(
                json.dumps({"message": "a new row about a kettle", "kind": "a", "expected": {"mood": "glad"}}) + "\n"
            )
        task = open_task(
            toned, overrides=["teacher.model=other", "strata.by=[tone]", TONE, "evaluate.arms=[]"],
            env={"OPENAI_BASE_URL": server.base_url},
        )  # fmt: skip
        new = await run(task, refresh=True)
    before, after = seeds_of(old), seeds_of(new)
    assert {name: row["labels"] for name, row in before.items()} == {name: after[name]["labels"] for name in before}
    assert labels_sent(task, "mood/002") == 1


async def test_labels_and_new_seeds_go_by_batch_where_their_model_does(toned: Path) -> None:
    """Exit 3 while labels are at the host, the same command collects them; the dataset is that of live calls."""
    price = "price: {input: 1, output: 1}, batch: {poll_s: 0.02, grace_s: 0}"
    one = f"{{model: m, mode: MODE, {price}}}"
    label = f"strata={{by: [tone], labels: {{tone: {{ask: tone.md, values: [calm, angry], model: {one}}}}}}}"
    expand = f"seeds.expand={{at_most: 60, per_row: 4, model: {one}}}"
    folders = []
    async with serve(Script(batch=BatchScript(hurry=36000))) as server:
        for mode in ("live", "batch"):
            task = open_task(
                toned, home=toned.parent / mode, env={"OPENAI_BASE_URL": server.base_url},
                overrides=["teacher.model=m", label.replace("MODE", mode), expand.replace("MODE", mode), "dataset.accept=45"],
            )  # fmt: skip
            if mode == "batch":
                with pytest.raises(InBatches, match="rows are in 1 batch"):
                    await run(task, stages=ORDER[:3])
            folders.append(await run(task, stages=ORDER[:3], wait=True))
        batched = [entry for entry in server.ledger.entries if entry.batch]
    assert len(batched) > 48
    assert seeds_of(folders[0]) == seeds_of(folders[1])
    assert any(row["way"] for row in seeds_of(folders[1]).values())
    assert (folders[0] / "train.jsonl").read_bytes() == (folders[1] / "train.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("calm", "calm"),
        ("Calm.", "calm"),
        ('"calm"', "calm"),
        ('{"tone": "calm"}', "calm"),
        ('```json\n{"tone": "Calm"}\n```', "calm"),
        ("<think>angry?</think>calm", "calm"),
        ("2", "2"),
        ("UP", "UP"),
        ("uP", None),
        ("calm or angry", None),
        ('{"mood": "calm"}', None),
        ("null", None),
        ("", None),
    ],
)
def test_a_label_is_read_as_every_plain_answer_is(text: str, value: str | None) -> None:
    assert labelling._value(text, "tone", ["calm", "angry", "2", "up", "UP"]) == value
