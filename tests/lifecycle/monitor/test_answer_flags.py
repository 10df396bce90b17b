"""Gates on logged answers."""

from __future__ import annotations

import polars as pl

from distill.lifecycle.monitor.answer_flags import answer_flags, free_gates, why_dropped

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
GATES = [
    ("schema", {}), ("finish_reason", {}), ("refusal", {"judge": True, "at_least": 3}), ("length", {"max_tokens": 5, "spread": 5}),
    ("judge", {}), ("secrets", {}), ("echo", {}),
]  # fmt: skip


def calls(*answers: str, finish: str | None = "stop", tokens: int | None = 3) -> pl.DataFrame:
    rows = [(f"what is {n}", said, "", "", finish, tokens) for n, said in enumerate(answers)]
    kinds = [pl.String] * 5 + [pl.Int64]
    names = ("input", "answer", "tool_calls", "refusal", "finish_reason", "completion_tokens")
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def flags(frame: pl.DataFrame) -> dict[str, list[bool | None]]:
    return answer_flags(frame, free_gates(GATES, output=SCHEMA, tools=())).to_dict(as_series=False)


def test_gates_that_take_a_model_or_a_dataset_are_left_out() -> None:
    found = free_gates(GATES, output=SCHEMA, tools=())
    assert list(found) == ["schema", "finish_reason", "refusal", "length", "echo"]
    assert found["refusal"] == {}
    assert found["length"] == {"max_tokens": 5}


def test_every_gate_sees_every_call() -> None:
    """A refusal breaks the schema too, and is flagged by both; equal answers have equal flags, in the order of the calls."""
    found = flags(calls('{"mood": "glad"}', "I'm sorry, but I can't help with that.", '{"mood": "glad"}', '{"mood": "sad"}'))
    assert found["shows_schema"] == [False, True, False, True]
    assert found["shows_refusal"] == [False, True, False, False]


def test_what_the_log_does_not_say_is_null() -> None:
    found = flags(calls('{"mood": "glad"}', finish=None, tokens=None))
    assert found["shows_finish_reason"] == [None]
    assert found["shows_length"] == [None]
    assert flags(calls('{"mood": "glad"}', finish="length", tokens=9))["shows_finish_reason"] == [True]


def test_why_names_the_fault() -> None:
    gates = free_gates(GATES, output=SCHEMA, tools=())
    said = why_dropped(calls('{"mood": "glad"}', "no json"), "schema", gates["schema"])
    assert said[0] == ""
    assert said[1]
