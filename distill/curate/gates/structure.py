"""Gates on the shape of an answer: is it whole, of the right form, and of the right length."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from distill import finish_reason as finish
from distill.curate.gates.scoring import Fail, SampleRow, judged
from distill.errors import Fault, SpecError
from distill.records import Json
from distill.similarity.arrays import Float64s, Int64s
from distill.tables.outcome import Outcome, ordered
from distill.text.normalise import did_you_mean, strict_json
from distill.values import json_schema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_FEWEST = 20
"""Rows of a stratum from which its own lengths can be told."""


def schema(frame: pl.DataFrame, *, schema: Mapping[str, Json]) -> Outcome:
    """Keeps answers that are JSON as a whole, not merely contain some, and satisfy the JSON Schema.

    One that calls a tool instead is the `tools` gate's to judge.
    """
    # Short answers, such as labels, come again and again.
    form = functools.lru_cache(maxsize=1024)(functools.partial(_form, _validator(schema)))
    return judged(frame, "schema", lambda row: None if row["tool_calls"] else form(row["answer"]))


@dataclass(frozen=True, slots=True)
class RowTools:
    """The tools of rows that bring their own: seed → a list of them as JSON."""

    of_seed: Mapping[str, str]


def tools(
    frame: pl.DataFrame, *, tools: Sequence[Mapping[str, Json]], required: bool = False, own: RowTools | None = None
) -> Outcome:
    """Keeps answers whose calls name a known tool with arguments that satisfy its schema; `required`: and call one.

    A row's `own` tools take the place of the task's.
    """
    of_task, of_row = _validators(tools), functools.lru_cache(maxsize=1024)(lambda text: _validators(json.loads(text)))
    brought = own.of_seed if own is not None else {}

    def judge(row: SampleRow) -> Fail:
        mine = brought.get(row["seed_id"])
        known = of_task if mine is None else of_row(mine)
        calls = json.loads(row["tool_calls"]) if row["tool_calls"] else []
        if required and not calls:
            return "no_call", "the answer calls no tool"
        for name, arguments in calls:
            if name not in known:
                return "unknown_tool", f"calls {name!r}{did_you_mean(name, known)}"
            if fail := _form(known[name], arguments):
                return "tool_arguments", f"{name}: {'not JSON: ' if fail[0] == 'not_json' else ''}{fail[1]}"
        return None

    return judged(frame, "tools", judge)


def _validators(tools: Sequence[Mapping[str, Json]]) -> dict[str, Validator]:
    """Tool → what checks its arguments."""
    return {tool["function"]["name"]: _validator(tool["function"].get("parameters") or {}) for tool in tools}


def finish_reason(frame: pl.DataFrame, *, allowed: Sequence[str] = ("stop", "tool_calls")) -> Outcome:
    """Keeps answers that the model ended by itself: one cut off can still be valid JSON, and wrong.

    `allowed` may be an endpoint's own words for an end ("eos", "end_turn").
    """
    names = {finish.canonical(word) for word in allowed}

    def judge(row: SampleRow) -> Fail:
        if finish.canonical(row["finish_reason"]) in names:
            return None
        ended = f"ended by {row['finish_reason']!r} after {row['completion_tokens']} tokens"
        return "finish_reason", f"{ended}, expected {' or '.join(allowed)}"

    return judged(frame, "finish_reason", judge)


def length(
    frame: pl.DataFrame, *, max_tokens: int | None = None,
    min_chars: int = 1, spread: float | None = None, inside: Mapping[str, tuple[float, float]] | None = None,
) -> Outcome:  # fmt: skip
    """Keeps answers of at least `min_chars` characters and at most `max_tokens` of the teacher's tokens.

    `spread` drops what is out of line with its stratum: further than so many median deviations from the median of the
    logarithm of the tokens, in strata of 20 rows or more; 5 is a wide berth. `inside` are those limits where the frame is a part of the rows.
    """
    rows = ordered(frame)
    limits = inside or {}
    if inside is None and spread is not None:
        limits = bounds(token_counts(rows), spread)

    def judge(row: SampleRow) -> Fail:
        chars, tokens = len(row["answer"].strip()), row["completion_tokens"]
        if chars < min_chars and not row["tool_calls"]:
            return "too_short", f"{chars} characters, at least {min_chars} required"
        if max_tokens is not None and tokens > max_tokens:
            return "too_long", f"{tokens} tokens, at most {max_tokens} required"
        low, high = limits.get(row["stratum"], (0.0, math.inf))
        if not low <= tokens <= high:
            return "odd_length", f"{tokens} tokens where {row['stratum']} has {low:.0f} to {high:.0f}"
        return None

    return judged(rows, "length", judge)


def token_counts(rows: pl.DataFrame) -> pl.DataFrame:
    """(stratum, completion_tokens, len): how many rows; those of parts of the rows can be added up."""
    return rows.group_by("stratum", "completion_tokens").len()


def bounds(counts: pl.DataFrame, spread: float) -> dict[str, tuple[float, float]]:
    """Tokens between which each stratum's answers lie, of `token_counts`; taken again without those outside until none is, so that
    a second look at what was kept finds nothing more.
    """
    found = {}
    for (stratum,), part in counts.group_by("stratum"):
        some = part.group_by("completion_tokens").agg(pl.col("len").sum()).sort("completion_tokens")
        logs = np.array([math.log1p(tokens) for tokens in some["completion_tokens"]])
        many = some["len"].cast(pl.Int64).to_numpy()
        while many.sum() >= _FEWEST:
            middle = _median(logs, many)
            # A stratum of equal lengths has no deviation; a tenth is what a word more or less makes.
            width = spread * max(_median(np.abs(logs - middle), many), 0.1)
            within = np.abs(logs - middle) <= width
            found[str(stratum)] = (math.expm1(middle - width), math.expm1(middle + width))
            if within.all():
                break
            logs, many = logs[within], many[within]
    return found


def _median(values: Float64s, many: Int64s) -> float:
    """The median of values of which each is there so many times."""
    order = np.argsort(values, kind="stable")
    ends, total = np.cumsum(many[order]), int(many.sum())
    low, high = (values[order[np.searchsorted(ends, at, side="right")]] for at in ((total - 1) // 2, total // 2))
    return float((low + high) / 2)


def misfit(schema: Mapping[str, Json]) -> Callable[[str], str]:
    """A function that says why an answer is not JSON that satisfies the schema; nothing where it is."""
    validator = _validator(schema)
    return lambda answer: (_form(validator, answer) or ("", ""))[1]


def _form(validator: Validator, answer: str) -> Fail:
    from referencing.exceptions import Unresolvable

    try:
        value = strict_json(answer)
        errors = sorted(validator.iter_errors(value), key=lambda error: (error.json_path, error.message))
    except ValueError as error:
        return "not_json", str(error)
    except Unresolvable as error:
        raise SpecError("schema", [Fault("$ref", f"{error.ref!r} leads nowhere")]) from None
    if not errors:
        return None
    said = [f"{error.json_path}: {error.message[:120]}" for error in errors[:3]]
    return "schema", "; ".join([*said, f"and {len(errors) - 3} more"] if len(errors) > 3 else said)


_ADVICE = ", or take the pattern out; a changed schema may be a new question, so its answers may be paid for anew"


def _validator(schema: Mapping[str, Json]) -> Validator:
    """A validator that never fetches: a `$ref` may only point inside the schema."""
    if wrong := json_schema.fault(schema):
        raise SpecError("schema", [Fault("schema", wrong)])
    remote = [ref for ref in _refs(schema) if not ref.startswith("#")]
    if remote:
        raise SpecError("schema", [Fault("$ref", f"{ref!r} is not in the schema; copy it in") for ref in remote])
    return json_schema.validator(schema, place="a schema that answers are held against", advice=_ADVICE)


def _refs(value: Json) -> list[str]:
    if isinstance(value, list):
        return [ref for child in value for ref in _refs(child)]
    if not isinstance(value, Mapping):
        return []
    own = [value[key] for key in ("$ref", "$dynamicRef") if isinstance(value.get(key), str)]
    return own + [ref for child in value.values() for ref in _refs(child)]
