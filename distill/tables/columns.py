"""Every Parquet table of a run: its columns, a line each, with those that are named after a gate or a step."""

from __future__ import annotations

import polars as pl

Columns = dict[str, type[pl.DataType]]

SEEDS: Columns = {
    "seed_id": pl.String,
    "line": pl.Int64,  # of its file
    "source": pl.String,  # the file, or `expand:<way>:<parent>`
    "fields": pl.String,  # JSON
    "labels": pl.String,  # JSON
    "stratum": pl.String,
    "gold": pl.String,  # the known answer, as JSON
    "input": pl.String,
    "group": pl.String,
    "own_id": pl.String,
    "kept": pl.String,  # further columns of the row's own, as JSON
}
"""seeds.parquet, before `role` and, of made seeds, `parent` and `way` are added."""

ASKED: Columns = {
    "seed_id": pl.String,
    "teacher": pl.Int64,  # 0 is the first; below -1 those of an earlier run, whose answers are kept
    "draw": pl.Int64,
    "kind": pl.String,  # first, redraw or vote
    "request_id": pl.String,
}
"""asked.parquet: a question a row."""

PAIRS: Columns = {
    "a": pl.String,
    "b": pl.String,
    "similarity": pl.Float64,
    "kind": pl.String,  # near, typo or meaning
}
"""pairs.parquet: two seeds that are near each other."""

SAMPLES: Columns = {
    "seed_id": pl.String,
    "request_id": pl.String,
    "teacher": pl.Int64,
    "kind": pl.String,  # why the seed was asked, null where nobody was
    "draw": pl.Int64,  # within its kind
    "stratum": pl.String,
    "labels": pl.String,
    "cluster": pl.String,
    "group": pl.String,
    "input": pl.String,
    "prompt": pl.String,  # the turns that the student is sent, as JSON
    "answer": pl.String,
    "reasoning": pl.String,  # what was thought before it; empty unless it trains
    "tool_calls": pl.String,  # [[name, arguments], …] as JSON, empty where there are none
    "refusal": pl.String,
    "finish_reason": pl.String,
    "prompt_tokens": pl.Int64,
    "completion_tokens": pl.Int64,
    "latency_s": pl.Float64,
    "usd": pl.Float64,  # null where nobody knows
    "model": pl.String,
    "score": pl.Float64,  # the mean of the gates' scores
}
"""samples.parquet, before `fate` is known and steps add what they find: gates `score_<gate>` (0 to 1) and, where judges are asked,
`verdicts_<gate>` (what each said, as JSON); leak checks `<stage>_template` (whether a row holds a passage of template text)."""

DROPPED: Columns = {
    "row": pl.String,
    "request_id": pl.String,
    "stratum": pl.String,
    "stage": pl.String,
    "reason": pl.String,
    "detail": pl.String,
}
"""dropped.parquet, seeds_dropped.parquet and flagged.parquet."""
