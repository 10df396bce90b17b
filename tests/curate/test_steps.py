"""What holds for every curate step, whatever it checks."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate import steps
from distill.curate.dedup.conflicts import vote
from distill.curate.dedup.duplicates import duplicates
from distill.curate.gates.judge.gate import judge
from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict
from distill.curate.gates.registry import run_gates
from distill.curate.gates.verify.gate import verify
from distill.curate.inputs import read_inputs
from distill.curate.leaks import HeldOut, leaks
from distill.curate.selection.balance import Wanted, balance
from distill.pipeline.open_task import open_task
from distill.sandbox.process import CheckResult
from distill.seeds.prepare import prepare
from distill.tables.columns import DROPPED
from distill.teacher.store.store import opened as open_store

SCHEMA = {"type": "object", "required": ["intent"]}
GATES = [
    ("schema", {"schema": SCHEMA}),
    ("finish_reason", {}),
    ("refusal", {}),
    ("length", {"max_tokens": 20, "spread": 3.0}),
    ("boilerplate", {}),
    ("form", {"max_sentences": 3}),
    ("echo", {}),
    ("agreement", {"at_least": 0.5, "compare": ["intent"]}),
    ("repetition", {}),
    ("language", {}),
    ("secrets", {}),
    ("pii", {"action": "mask"}),
]
LONG = "when the river had been crossed they sat down and ate the bread that was left"
INPUTS = [
    f"they said: {LONG}",
    "where is my kettle",
    "where is my kettle?",
    "Where is my KETTLE",
    "refund the lamp please",
    "",
]


def longer(rows):
    """The longer an answer the better; nothing can be said of an empty one."""
    return [
        CheckResult(min(len(text) / 20, 1.0)) if text else CheckResult(None, cause="empty") for text in rows["answer"]
    ]


def said(frame):
    """Two judges, whose verdicts follow from the answer alone; of an empty one they say nothing."""
    scores = {"{}": (2, 5), '{"intent":"a"}': (5, 5), '{"intent": "a"}': (4, 4)}
    return [
        [JudgeVerdict(f"j{n}", {"right": score}, {"right": "so"}) for n, score in enumerate(scores[answer])]
        if answer in scores
        else [NoVerdict("j0", "cut off"), NoVerdict("j1", "not sent yet", pending=True)]
        for answer in frame["answer"]
    ]


STEPS = {
    "verify": partial(verify, check=longer, at_least=0.5),
    "verify, unscored kept": partial(verify, check=longer, at_least=0.5, unscored="keep"),
    "gates": partial(run_gates, gates=GATES),
    "judge": partial(run_gates, gates=[("judge", {"verdicts": said}), ("toxicity", {"verdicts": said})]),
    "refusal, judged": partial(run_gates, gates=[("refusal", {"judge": True, "verdicts": said})]),
    "marks": partial(judge, verdicts=said, at_least={"right": 3.5}, unscored="keep"),
    "dedup": partial(duplicates, near=0.8),
    "conflicts": partial(duplicates, near=0.8, compare=["intent"], on_conflict="abstain"),
    "balance": partial(balance, wanted=Wanted(quotas={"a": 2, "b": 3}, floors=[({"intent": "b"}, 3)])),
    "balance by score": partial(
        balance, wanted=Wanted(quotas={"a": 2, "b": 3}, floors=[({"intent": "b"}, 3)], by="score")
    ),
    "for a person": partial(duplicates, near=0.8, compare=["intent"], on_conflict="person"),
    "vote": partial(vote, rows=["s0", "s1", "s2"], compare=["intent"]),
    "leaks": partial(leaks, held_out=[HeldOut("t1", "refund the lamp, please")], near=0.7),
    "quotes": partial(leaks, held_out=[HeldOut("t1", LONG, "so it is")], near=1.0),
}
SAMPLE = st.fixed_dictionaries(
    {
        "input": st.sampled_from(INPUTS),
        "stratum": st.sampled_from("abc"),
        "labels": st.sampled_from(['{"intent":"a"}', '{"intent":"b"}']),
        "answer": st.sampled_from(
            ['{"intent":"a"}', '{"intent": "a"}', "{}", "I cannot help with that.", f"Note that {LONG}", ""]
        ),
        "finish_reason": st.sampled_from(["stop", "length"]),
        "completion_tokens": st.integers(1, 30),
        "score": st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    }
)
ROWS = st.lists(SAMPLE, max_size=12).flatmap(
    lambda rows: st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=len(rows), max_size=len(rows), unique=True
    ).map(lambda ids: [row | {"seed_id": f"s{s}", "draw": d} for row, (s, d) in zip(rows, ids, strict=True)])
)


@pytest.mark.parametrize("name", STEPS)
@settings(deadline=None, max_examples=15)  # of each step, which runs three times
@given(rows=ROWS, random=st.randoms(use_true_random=False))
def test_a_step_parts_its_rows_is_done_once_and_ignores_their_order(name, frame, rows, random):
    step, samples = STEPS[name], frame(*rows)
    out = step(samples)
    ids = lambda table: table.select("seed_id", "draw").rows()  # noqa: E731 - said once, used thrice
    assert sorted(ids(out.kept) + ids(out.rejected)) == sorted(ids(samples))
    assert ids(out.kept) == sorted(ids(out.kept))
    assert dict(out.dropped.schema) == DROPPED
    assert sorted(out.dropped["request_id"]) == sorted(out.rejected["request_id"])
    assert all(out.dropped["reason"].to_list() + out.dropped["detail"].to_list())
    assert out.report["in"] == samples.height == out.report["kept"] + sum(out.report["dropped"].values())
    again = step(out.kept)
    assert again.kept.equals(out.kept)
    assert not again.dropped.height
    shuffled = list(range(samples.height))
    random.shuffle(shuffled)
    other = step(samples[shuffled])
    assert other.kept.equals(out.kept)
    assert other.dropped.equals(out.dropped)


def test_before_there_are_answers_what_is_wanted_is_what_all_steps_would_say(task):
    opened = open_task(task, overrides=["gates=[schema, refusal, length]"], env={})
    table = prepare(opened.spec, opened.seeds).kept
    with open_store(task.parent / "answers.db") as store:
        short, whole = (
            curate(read_inputs(opened, table, [], store)) for curate in (steps.before_answers, steps.curate)
        )
    for part in ("quotas", "missing", "seeds", "passed", "survived", "contested", "undecided", "warnings"):
        assert getattr(short, part) == getattr(whole, part), part
    for part in ("kept", "rejected", "dropped", "flagged"):
        assert getattr(short, part).height == getattr(whole, part).height, part
    assert short.dropped.equals(whole.dropped)
    assert short.missing != {}


@settings(deadline=None, max_examples=25)
@given(rows=ROWS)
def test_duplicates_always_leave_a_survivor(frame, rows):
    assert (duplicates(frame(*rows), near=0.5).kept.height > 0) == bool(rows)
