"""Seeds whose known answer trains as it is, without a question to anybody: which they are, and their samples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

import polars as pl

from distill.records import GOLD, Answer, Ended, Json, ToolCall, Usage, canonical
from distill.tables import samples as answers
from distill.task.task import Task
from distill.text import tokens
from distill.text.normalise import strict_json
from distill.values.answer import WHOLE, Unreadable, read
from distill.values.match import same
from distill.values.plain import number_of

PERSON = "person"
"""The `model` of a row that a person decided; that of one whose known answer trains is `gold`."""


def approved(task: Task, table: pl.DataFrame) -> pl.DataFrame:
    """The training rows whose known answer is taken."""
    if task.spec.seeds.gold_rows != "train":
        return table.clear()
    return table.filter((pl.col("role") == "train") & pl.col("gold").is_not_null())


def askable(task: Task, table: pl.DataFrame) -> pl.DataFrame:
    """The training rows that a teacher may be asked."""
    gold, train = approved(task, table)["seed_id"], table.filter(pl.col("role") == "train")
    return train.filter(~pl.col("seed_id").is_in(gold.implode())) if gold.len() else train


def decided(table: pl.DataFrame, rulings: Mapping[str, str]) -> pl.DataFrame:
    """The training rows that a person decided, with what was decided as their known answer."""
    if not rulings:
        return table.clear()
    rows = table.filter((pl.col("role") == "train") & pl.col("seed_id").is_in(list(rulings)))
    gold = [json.dumps(as_gold(rulings[seed]), ensure_ascii=False) for seed in rows["seed_id"]]
    return rows.with_columns(gold=pl.Series(gold, dtype=pl.String))


def as_gold(answer: str) -> dict[str, Json]:
    """A decided answer as a seed's known one: its fields, or {"answer": text} where it has none."""
    try:
        value = strict_json(answer)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"answer": answer}


def as_answer(gold: Mapping[str, Json], *, fields: Sequence[str] = ()) -> tuple[str, tuple[ToolCall, ...]]:
    """A known answer as a teacher would have given it: its text and its calls.

    `fields` are those of the task's answers, in their order; a plain value, which seeds keep as {"answer": value}, is its text.
    """
    calls = gold.get("tool_calls")
    if set(gold) <= {"content", "tool_calls"} and isinstance(calls, list) and all(_is_call(call) for call in calls):
        return str(gold.get("content") or ""), tuple(ToolCall(c["name"], canonical(c["arguments"])) for c in calls)
    if set(gold) == {"answer"} and "answer" not in fields:
        value = gold["answer"]
        return value if isinstance(value, str) else canonical(value), ()
    in_order = {name: gold[name] for name in fields if name in gold}
    return json.dumps({**in_order, **gold}, ensure_ascii=False), ()


def by_field(gold: Mapping[str, Json], parts: Mapping[str, Json]) -> dict[str, Json]:
    """A known answer under the names of the answer's fields (`parts`, a schema's properties), each value as its schema has it.

    A plain value, which seeds keep as {"answer": value}, is that of the only field, where there is but one: else it would train
    as a text where every answer is asked for as an object. A table's cells are texts: "4" is 4 where a number is expected.
    """
    if set(gold) == {WHOLE} and WHOLE not in parts and len(parts) == 1:
        gold = {next(iter(parts)): gold[WHOLE]}
    return {name: _fitted(value, parts[name]) if name in parts else value for name, value in gold.items()}


def _fitted(value: Json, part: Json) -> Json:
    """A cell's text as the value that a field's schema expects; any other value, and what fits none, as it is."""
    if not isinstance(part, Mapping):
        return value
    if isinstance(allowed := part.get("enum"), list):
        return value if value in allowed else next((one for one in allowed if same(one, value)), value)
    if not isinstance(value, str):
        return value
    match part.get("type"):
        case "number" | "integer":
            return value if (found := number_of(value)) is None else found
        case "boolean":
            return {"true": True, "yes": True, "false": False, "no": False}.get(value.strip().casefold(), value)
        case "array" | "object" as kind:
            with suppress(Unreadable):
                return read(value, "list" if kind == "array" else "object")
    return value


def _is_call(call: Json) -> bool:
    return isinstance(call, Mapping) and isinstance(call.get("name"), str) and "arguments" in call


def samples(task: Task, rows: pl.DataFrame, *, model: str = "gold") -> pl.DataFrame:
    """A sample for each approved row; its model says who approved it, and it belongs to no request."""
    parts = (task.output or {}).get("properties", {})

    def answer(gold: str) -> Answer:
        text, calls = as_answer(by_field(json.loads(gold), parts), fields=list(parts))
        said = tokens.count(text) + sum(tokens.count(call.arguments) for call in calls)
        ended = "tool_calls" if calls else "stop"
        usage = Usage(0, said, measured=False)
        return Answer("", Ended.OK, text, ended, usage, model=model, tool_calls=calls)

    entries = (
        answers.SampleEntry(seed, None, GOLD, None, 0, task.student_prompt.fill(json.loads(fields)), answer(gold))
        for seed, fields, gold in rows.select("seed_id", "fields", "gold").iter_rows()
    )
    return answers.samples(rows, entries)
