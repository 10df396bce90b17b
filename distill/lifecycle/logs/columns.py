"""The columns of logged calls: one row for each answer that a model gave in production, whatever wrote the log.

`read.read_logs` gives them in batches. Nothing here is the name of a person's: what a row says of a user stays in the log.
"""

from __future__ import annotations

import polars as pl

_LOGGED: dict[str, type[pl.DataType] | pl.DataType] = {
    "file": pl.String,  # the file's name
    "line": pl.Int64,  # its line, from 1; of a JSON document the number of the object
    "item": pl.Int64,  # which call of that line, from 0: a line of OTLP holds many spans
    "shape": pl.String,  # what wrote it: openai, otel, langfuse or fields
    "time": pl.Datetime("us", "UTC"),  # when it was asked; null where the log does not say, or nothing that can be read
    "id": pl.String,  # the call's own id (a response's, a span's, an observation's)
    "trace": pl.String,  # the id of what it was part of
    "span": pl.String,  # the id of its span, where its own is that of the response
    "input": pl.String,  # as seeds.parquet holds it: the values of the task's fields, else the last turn of the user's
    "fields": pl.String,  # the task's variables as JSON, as seeds.parquet holds them; null where they cannot be told
    "labels": pl.String,  # columns that the spec uses beside them (labels, a group), as JSON; "{}" where the log has none
    "answer": pl.String,  # the text; "" where only tools were called
    "tool_calls": pl.String,  # [[name, arguments], …] as JSON, "" where there are none
    "refusal": pl.String,  # what the endpoint said where it declined, else ""
    "finish_reason": pl.String,  # a word of distill.finish_reason; null where the log does not say
    "model": pl.String,
    "feedback": pl.Boolean,  # of the user: true is good, false is bad, null is none or on a scale that nobody knows
    "scores": pl.String,  # {name: value} as JSON, every score and feedback as it was logged; null where there is none
    "confidence": pl.Float64,  # 0 to 1: logged as such, or from the answer's log probabilities
    "private": pl.Boolean,  # marked so: it is counted, and never harvested
    "latency_s": pl.Float64,
    "prompt_tokens": pl.Int64,
    "completion_tokens": pl.Int64,
}  # fmt: skip
LOGGED = pl.Schema(_LOGGED)
