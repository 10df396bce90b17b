"""Which logged answers a gate of the task would drop: a column a gate, true where it would, null where the log does not say enough.

Every gate sees every call: a call may be flagged by several. Equal answers are looked at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from distill.curate.gates.registry import GATES
from distill.curate.gates.settings import GateSettings
from distill.lifecycle.monitor.signals import GATED, SHOWS
from distill.records import Json

_OF_ANSWER = ("answer", "tool_calls", "refusal")
_ALSO = {
    "echo": ("input",), "language": ("input",), "finish_reason": ("finish_reason",), "length": ("completion_tokens",),
}  # fmt: skip
"""Gate → the columns that it reads beside the answer's own."""
_LEFT_OUT = {"refusal": ("judge", "at_least", "unscored"), "length": ("spread",)}
"""Settings that take a model, or the other rows of a dataset."""


def free_gates(
    gates: GateSettings, *, output: Mapping[str, Json] | None, tools: Sequence[Mapping[str, Json]]
) -> dict[str, Mapping[str, object]]:
    """Gate → its settings, of those of a spec that can be held against logged answers without a call."""
    given: dict[str, dict[str, object]] = {"schema": {"schema": output}, "tools": {"tools": tools}}
    return {
        name: {**given.get(name, {}), **{key: value for key, value in settings.items() if key not in _LEFT_OUT.get(name, ())}}
        for name, settings in gates
        if name in GATED and (name != "schema" or output is not None)
    }


def answer_flags(calls: pl.DataFrame, gates: Mapping[str, Mapping[str, object]]) -> pl.DataFrame:
    """A column a gate, named after it, in the order of the calls."""
    return pl.DataFrame([_flag(calls, name, settings) for name, settings in gates.items()])


def why_dropped(calls: pl.DataFrame, name: str, settings: Mapping[str, object]) -> list[str]:
    """What a gate says of some calls, nothing of those that it would keep."""
    keys = [*_OF_ANSWER, *_ALSO.get(name, ())]
    dropped = GATES[name].apply(_as_samples(calls.select(keys).with_row_index("at")), settings).dropped
    said = {int(row): detail for row, detail in dropped.select("row", "detail").iter_rows()}
    return [said.get(place, "") for place in range(calls.height)]


def _flag(calls: pl.DataFrame, name: str, settings: Mapping[str, object]) -> pl.Series:
    keys = [*_OF_ANSWER, *_ALSO.get(name, ())]
    own = calls.select(keys)
    distinct = own.unique(maintain_order=True).with_row_index("at")
    dropped = GATES[name].apply(_as_samples(distinct), settings).dropped["row"].cast(pl.UInt32)
    distinct = distinct.with_columns(pl.col("at").is_in(dropped.implode()).alias(SHOWS))
    found = own.join(distinct, on=keys, how="left", nulls_equal=True, maintain_order="left")[SHOWS]
    return pl.Series(SHOWS + name, pl.select(pl.when(_known(calls, name, settings)).then(found)).to_series())


def _known(calls: pl.DataFrame, name: str, settings: Mapping[str, object]) -> pl.Series:
    """Whether the log says of a call what the gate looks at."""
    if name == "finish_reason":
        return calls["finish_reason"].fill_null("") != ""
    if name == "length" and settings.get("max_tokens") is not None:
        return calls["completion_tokens"].is_not_null()
    return pl.Series("known", [True] * calls.height)


def _as_samples(rows: pl.DataFrame) -> pl.DataFrame:
    """Calls as the gates take samples."""
    told = {name: pl.lit("") for name in ("input", "finish_reason") if name not in rows.columns}
    tokens = pl.col("completion_tokens") if "completion_tokens" in rows.columns else pl.lit(0)
    return rows.with_columns(
        pl.col("at").cast(pl.String).str.zfill(10).alias("seed_id"), pl.lit("").alias("stratum"), pl.lit("[]").alias("prompt"),
        pl.lit(None, dtype=pl.Float64).alias("score"), tokens.fill_null(0).alias("completion_tokens"), **told,
    ).with_columns(pl.col("finish_reason").fill_null(""))  # fmt: skip
