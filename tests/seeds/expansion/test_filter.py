"""Which candidates become seeds: every one that goes has its reason."""

from __future__ import annotations

import json
from pathlib import Path

from making import STAGES, funnel, made, put, read, run

from distill.pipeline import run as running
from distill.records import Answer, Ended, Request
from distill.seeds import prepare
from distill.seeds.expansion.prompts import read_candidate as read_seed
from distill.seeds.expansion.rounds import Expansion
from distill.teacher.endpoint.scripted import fitting
from distill.teacher.progress import Silent
from distill.teacher.store.store import opened
from distill.testing.fault_server import Script, serve


async def test_every_candidate_that_goes_has_its_reason(large: Path) -> None:
    """Repeats, near test rows, refusals, broken answers and verdicts: no new seed is what a check could not let pass."""
    task = made(large, "{at_most: 200, per_row: 3, ways: [rewrite]}", "dataset.accept=280", "evaluate.arms=[]")
    table = prepare.prepare(task.spec, task.seeds).kept
    tests = table.filter(role="test")["input"].to_list()

    def poor(request: Request) -> Answer | str:
        number, row = int(request.id, 16), json.loads(str(request.turns[-1]["content"]).split("\n")[-2])
        near_copy = {"message": tests[number % len(tests)] + "!"}
        if number % 7 == 4:
            return Answer(request.id, Ended.OK, "", "stop", refusal="I would rather not.")
        return [
            json.dumps(row),
            json.dumps(near_copy),
            "no JSON",
            '{"message": 7}',
            "",
            fitting(request),
            fitting(request),
        ][number % 7]

    def unsure(request: Request) -> str:
        return "I am not sure." if int(request.id, 16) % 3 == 0 else fitting(request)

    expansion = Expansion(task, table, table.clear())
    due = expansion.next(dict.fromkeys("abcd", 50), frozenset())
    with opened(task.store_path) as store:
        await put(store, [expansion.questions.request(one) for one in due], poor)
        said = [(one, store.get(expansion.questions.request(one).id)) for one in due]
        texts = [(one, read_seed(answer.text, ["message"])) for one, answer in said if answer]
        await put(
            store,
            [expansion.questions.check(one, fields) for one, fields in texts if not isinstance(fields, str)],
            unsure,
        )
    result = await running.work(task, stages=STAGES, watch=Silent())
    dropped = read(result, "dropped.parquet").filter(stage="expand")
    assert set(dropped["reason"]) == {"repeated", "near_test_row", "unreadable", "declined", "implausible", "unscored"}
    line = funnel(result)["expand"]
    assert line["in"] == line["kept"] + dropped.height
    assert dropped["row"].n_unique() == dropped.height
    assert set(dropped["row"]).isdisjoint(read(result, "seeds.parquet")["seed_id"])
    assert dropped["detail"].str.starts_with("rewrite of ").all()


async def test_a_seed_that_the_maker_will_never_take_is_not_owed(task: Path) -> None:
    """Each is dropped as `no_answer` with what the endpoint said, the run goes on, and a second one sends nothing."""
    async with serve() as server, serve(Script(seed=4, faults={"400": 0.4})) as maker:
        sets = [
            "dataset.accept=50", "evaluate.arms=[]", "teacher.model=m",
            f"seeds.expand.model={{model: maker, base_url: '{maker.base_url}'}}",
        ]  # fmt: skip
        task = made(task, "{at_most: 60, per_row: 6}", *sets, env={"OPENAI_BASE_URL": server.base_url})
        result = await running.work(task, stages=STAGES, watch=Silent())
        assert (result.exit_code, result.pending) == (0, 0)
        gone = read(result, "dropped.parquet").filter(stage="expand", reason="no_answer")
        assert gone.height > 3
        assert gone["detail"].str.contains("refused after 1 sends").all()
        again = await running.work(task, stages=STAGES, watch=Silent(), new=True)
        assert again.requests_sent == 0


def test_a_rule_decides_to_which_stratum_a_made_seed_belongs(task: Path) -> None:
    """What a rule would call otherwise than its parent is dropped, and never counted for a stratum that it is not of."""
    rule = "strata={by: [size], labels: {size: \"CASE WHEN LENGTH(message) > 40 THEN 'long' ELSE 'short' END\"}}"
    result = run(made(task, "{at_most: 60, plausible: false}", rule, "dataset.accept=50"))
    assert set(read(result, "dropped.parquet").filter(stage="expand")["reason"]) >= {"other_stratum"}
    for row in read(result, "seeds.parquet").to_dicts():
        assert row["stratum"] == ("long" if len(json.loads(row["fields"])["message"]) > 40 else "short")
