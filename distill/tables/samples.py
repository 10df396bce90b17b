"""Whole answers of the teacher and the seeds they belong to → samples.

Only answers that ended OK become samples: a failed one is still owed and is the runner's to list, not a bad
sample.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import polars as pl

from distill import memory
from distill.records import Answer, Json
from distill.tables.columns import SAMPLES
from distill.tables.outcome import ordered
from distill.text.normalise import storable

_OF_SEED = ("stratum", "labels", "cluster", "group", "input")
ENCRYPTED = "[encrypted reasoning]"
"""Stands for thinking that an endpoint sends and nobody can read."""
_AT_ONCE = 20_000
"""Answers that are taken into the table at a time: a million of them as Python objects would not fit in memory."""


class SampleEntry(NamedTuple):
    """An answer and what it answers; `prompt` are the turns that the student is sent."""

    seed_id: str
    request_id: str | None
    teacher: int
    kind: str | None
    draw: int
    prompt: Json
    answer: Answer
    priced: bool = True
    """Whether anybody knows what the answer cost."""
    thinks: bool = False
    """Whether what was thought before the answer trains as well."""


def samples(seeds_table: pl.DataFrame, answers: Iterable[SampleEntry]) -> pl.DataFrame:
    """Samples (schema `SAMPLES`), sorted; a seed_id that the table does not hold is a KeyError.

    Prompt and tool calls are kept as JSON. Whitespace around an answer is cut off, and half an emoji becomes U+FFFD; nothing
    else of it is touched.
    """
    own = {name: kind for name, kind in SAMPLES.items() if name not in _OF_SEED}
    whole = (entry for entry in answers if entry.answer.ok)
    seeds, frames = seeds_table.select("seed_id", *_OF_SEED), [pl.DataFrame(schema=SAMPLES)]
    while rows := [_row(entry) for entry in islice(whole, _AT_ONCE)]:
        some = pl.DataFrame(rows, schema=own, orient="row")
        frames.append(some.join(seeds, on="seed_id", how="left", maintain_order="left").select(list(SAMPLES)))
    if len(frames) == 1:
        return frames[0]
    table = pl.concat(frames)
    if unknown := table.filter(pl.col("stratum").is_null())["seed_id"].head(1).to_list():
        raise KeyError(unknown[0])
    del frames
    memory.release(int(table.estimated_size()))
    return ordered(table)


def _row(entry: SampleEntry) -> dict[str, Json]:
    answer = entry.answer
    return {
        "seed_id": entry.seed_id,
        "request_id": entry.request_id,
        "teacher": entry.teacher,
        "kind": entry.kind,
        "draw": entry.draw,
        "prompt": storable(json.dumps(entry.prompt, ensure_ascii=False)),
        "answer": storable(answer.text).strip(),
        "reasoning": storable(_thought(answer.reasoning)) if entry.thinks else "",
        "tool_calls": storable(json.dumps([[call.name, call.arguments] for call in answer.tool_calls]))
        if answer.tool_calls
        else "",
        "refusal": storable(answer.refusal),
        "finish_reason": storable(answer.finish_reason),
        "prompt_tokens": answer.usage.prompt_tokens,
        "completion_tokens": answer.usage.completion_tokens,
        "latency_s": answer.latency_s,
        "usd": answer.usd if entry.priced else None,
        "model": storable(answer.model),
        "score": None,
    }


def _thought(reasoning: str) -> str:
    """What can be read of it: some endpoints send it encrypted, in part or whole."""
    return "\n".join(line for line in reasoning.split("\n") if line != ENCRYPTED).strip()
