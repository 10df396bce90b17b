"""Steps over parts of the rows come to what they come to at once, table by table."""

import random
from functools import partial

import polars as pl
import pytest

from distill.curate import preflight
from distill.curate.gates.registry import run_gates
from distill.curate.leaks import HeldOut, leaks
from distill.curate.selection import assemble, diversity
from distill.curate.selection.balance import Wanted, balance
from distill.executors import executor as executors
from distill.executors.executor import InProcess
from distill.pipeline.open_task import open_task
from distill.pipeline.run import start
from distill.teacher.progress import Silent

TEXT = "where is my kettle it was sent on monday and has not come yet please tell me the order refund lamp as an ai"
WORDS = TEXT.split()
GATES = [
    ("schema", {"schema": {"type": "object", "required": ["intent"]}}),
    ("finish_reason", {}),
    ("length", {"max_tokens": 90, "spread": 3.0}),
    ("boilerplate", {}),
    ("echo", {}),
    ("agreement", {"at_least": 0.5, "compare": ["intent"]}),
    ("repetition", {}),
    ("secrets", {}),
    ("pii", {"action": "mask"}),
    ("refusal", {"judge": True, "unscored": "keep"}),
]
BLANK = [("form", {"lacks": ["TODO"]})]
QUOTAS = {"a": 9, "b": 20, "c": 70}


def made(frame, count=240):
    """Rows of three strata, some seeds asked twice; near copies, leaks, faults, and one blank answer."""
    chance = random.Random(7)
    rows, text = [], "where"
    for n in range(count):
        seed = f"s{(n - 1 if n % 9 == 1 else n):04}"
        text = " ".join(chance.choices(WORDS, k=chance.randint(3, 24))) if n % 4 else f"{text} {chance.choice(WORDS)}"
        answer = chance.choice(
            ['{"intent":"a"}', '{"intent":"b"}', "mail jo@mail.org", "As an AI I cannot", "so it is so it is " * 9]
        )
        rows.append(
            {
                "seed_id": seed, "draw": int(n % 9 == 1), "stratum": chance.choice("aabccc"), "input": text,
                "answer": "" if n == 100 else answer, "completion_tokens": chance.randint(4, 100), "score": chance.choice([None, 0.2, 0.9]),
            }
        )  # fmt: skip
    return frame(*rows).sort("seed_id", "draw")


def held_out(rows):
    return [HeldOut(f"t{n}", text, "so it is") for n, text in enumerate(rows["input"].gather_every(11))]


def characters(messages):
    return sum(len(str(turn["content"])) for turn in messages)


STEPS = {
    "gates": partial(run_gates, gates=GATES),
    "blank": partial(run_gates, gates=BLANK),
    "leaks": lambda rows: leaks(rows, held_out=held_out(rows), near=0.8, template=["so it is"]),
    "preflight": partial(preflight.check, count=characters, context=60, markup=["<x>"]),
    "balance": partial(balance, wanted=Wanted(QUOTAS, floors=[({"intent": "a"}, 3)])),
    "by score": partial(balance, wanted=Wanted(QUOTAS, by="score")),
}


def equal(one, other):
    return all(
        a.equals(b) and a.schema == b.schema if isinstance(a, pl.DataFrame) else a == b
        for a, b in zip(tables_of(one), tables_of(other), strict=True)
    )


def tables_of(outcome):
    return outcome.kept, outcome.dropped, outcome.rejected, outcome.report


@pytest.mark.parametrize("rows", [37, 150])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_in_parts_is_the_step(frame, monkeypatch, step, rows):
    monkeypatch.setattr(diversity, "TABLE", 16)
    table = made(frame)
    whole = STEPS[step](table)
    assert whole.kept.height
    with executors.using(InProcess(rows=rows)):
        assert equal(STEPS[step](table), whole)


def test_selection_in_parts_is_the_selection(frame, monkeypatch):
    """Quotas, split and the leaks between its sides, which take several rounds."""
    monkeypatch.setattr(diversity, "TABLE", 16)
    table = made(frame)
    selected = partial(assemble.select, table, Wanted(QUOTAS), valid=0.2, near=0.7)
    whole = selected()
    assert whole.leaks.dropped.height
    with executors.using(InProcess(rows=31)):
        found = selected()
    assert all(equal(*pair) for pair in zip((found.leaks, found.balance), (whole.leaks, whole.balance), strict=True))
    assert found.kept.equals(whole.kept)


FILES = (
    "seeds.parquet",
    "pairs.parquet",
    "asked.parquet",
    "samples.parquet",
    "dropped.parquet",
    "flagged.parquet",
    "funnel.json",
)


def files_of(task, executor=None):
    """What `generate` and `curate` write of a task, by file."""
    with executors.using(executor or InProcess()):
        run = start(open_task(task, env={}), stages=("generate", "curate"), watch=Silent(), new=True)
    folder = task.parent / "runs" / run.name
    return {name: (folder / name).read_bytes() for name in FILES}


def test_a_run_in_parts_writes_the_same_bytes(task):
    assert files_of(task, InProcess(rows=7)) == files_of(task)
