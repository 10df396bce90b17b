"""The metrics that fit a task's answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from distill.evaluate.fields import FieldRules, field_rules
from distill.evaluate.scoring.choice import likenesses, metrics_of, text_names
from distill.pipeline.open_task import open_task

NOTES = [f"The customer asks where the {one} is now." for one in ("lamp", "kettle", "chair", "box")]


def rules(answers: list[Any]) -> FieldRules:
    texts = {str(i): one if isinstance(one, str) else json.dumps(one) for i, one in enumerate(answers)}
    return field_rules(schema=None, given=None, only=(), golds={}, teacher=texts, inputs={})


@pytest.mark.parametrize(
    ("answers", "values", "texts"),
    [
        (["glad", "cross"] * 3, [], []),
        (NOTES, [], ["agreement_chrf", "agreement_rouge_l"]),
        ([{"mood": "glad", "note": note} for note in NOTES], [], ["agreement_chrf:note", "agreement_rouge_l:note"]),
        (
            [{"content": None, "tool_calls": [{"name": "a", "arguments": {}}]}, "b"],
            ["tool_calls", "agreement_tool_calls"],
            [],
        ),
    ],
)
def test_auto_takes_what_fits(
    task: Path, answers: list[Any], values: list[str], texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distill.extras.missing", lambda _: ["wordllama"])
    spec, how = open_task(task, env={}).spec, rules(answers)
    chosen = metrics_of(spec, how)
    assert list(chosen.values) == ["schema", "json_fields", "agreement", *values]
    assert text_names(chosen, how) == texts


def test_a_list_is_what_is_measured_and_auto_in_it_adds_the_chosen_ones(task: Path) -> None:
    alone = open_task(task, overrides=["evaluate.metrics=[agreement, bleu]"], env={}).spec
    assert metrics_of(alone, rules(NOTES)).values == ("agreement",)
    assert metrics_of(alone, rules(NOTES)).texts == ("bleu",)
    both = open_task(task, overrides=["evaluate.metrics=[auto, bleu]"], env={}).spec
    assert metrics_of(both, rules(NOTES)).texts == (*likenesses(), "bleu")


def test_a_gate_verify_is_a_metric_unless_others_are_named(task: Path) -> None:
    (task.parent / "verify.py").write_text("def check(row): return True\n")
    gate = "gates=[{verify: {at_least: 0.5}}]"
    assert metrics_of(open_task(task, overrides=[gate], env={}).spec, rules(NOTES)).verify
    assert not metrics_of(
        open_task(task, overrides=[gate, "evaluate.metrics=[agreement]"], env={}).spec, rules(NOTES)
    ).verify
    assert not metrics_of(open_task(task, env={}).spec, rules(NOTES)).verify


def test_what_is_said_beside_tool_calls_is_no_value_without_a_schema(task: Path) -> None:
    """Opening hours in other words are no wrong answer of a task that is about calls; labels beside a few calls still count."""
    call = {"content": None, "tool_calls": [{"name": "a", "arguments": {}}]}
    bare = open_task(task, overrides=["teacher.output=null", "gates=[finish_reason]"], env={}).spec
    assert metrics_of(bare, rules([call, call, "We are open from nine."])).values == (
        "schema",
        "tool_calls",
        "agreement_tool_calls",
    )
    assert "agreement" in metrics_of(bare, rules([call, "glad", "cross"])).values
    listed = open_task(
        task, overrides=["teacher.output=null", "gates=[finish_reason]", "evaluate.metrics=[auto, agreement]"], env={}
    )
    assert "agreement" in metrics_of(listed.spec, rules([call, call])).values
