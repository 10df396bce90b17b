"""How the scores, lengths and forms of a run's answers are spread: before curation, after it, and where the limits lie.

They are read from samples.parquet, all answers with their `fate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate.gates.answer_form import FORMS, form
from distill.curate.gates.structure import bounds, token_counts
from distill.records import Json

BINS = 20
_LIMITS = ("at_least", "at_most", "near")
"""Settings of a gate that its score is held against."""
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_STRATA = 30


@dataclass(frozen=True, slots=True)
class Limit:
    """A setting of a gate that a number is held against."""

    setting: str
    value: float


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """The scores of one gate; a bin is [answers that passed, answers that the gate dropped]."""

    gate: str
    n: int
    dropped: int
    low: float
    high: float
    bins: list[list[int]]
    limits: list[Limit]


@dataclass(frozen=True, slots=True)
class LengthBounds:
    """Between what tokens an answer of a stratum with `n` answers is of no odd length."""

    stratum: str
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class LengthHistogram:
    """Tokens of the answers; a bin is [answers in the dataset, other answers], longer ones than `high` are in the last.

    `before` and `after` curation are quantiles; `bounds` are those of the largest strata.
    """

    n: int
    kept: int
    low: float
    high: float
    bins: list[list[int]]
    limits: list[Limit]
    before: list[float]
    after: list[float]
    bounds: list[LengthBounds]


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """A form that answers have, as its share of all answers and of the dataset."""

    form: str
    before: float
    after: float


def scores(
    samples: pl.DataFrame, dropped: pl.DataFrame, gates: Sequence[tuple[str, Mapping[str, Json]]]
) -> list[ScoreHistogram]:
    """A histogram for each gate with a graded score, of more than two values; `gates` are in the spec's order, with their defaults."""
    drawn = (
        _histogram(gate, settings, samples, dropped) for gate, settings in gates if f"score_{gate}" in samples.columns
    )
    return [histogram for histogram in drawn if histogram is not None]


def _histogram(
    gate: str, settings: Mapping[str, Json], samples: pl.DataFrame, dropped: pl.DataFrame
) -> ScoreHistogram | None:
    """None where the score has no degrees. Judges' scores are shown from 1 to 5, as they are given and as the limit is."""
    fell = dropped.filter(pl.col("stage") == gate)["request_id"].drop_nulls().unique()
    gone = pl.col("request_id").is_in(fell.implode())
    least, width = (1.0, 4.0) if f"verdicts_{gate}" in samples.columns else (0.0, 1.0)
    score = pl.col(f"score_{gate}").cast(pl.Float64) * width + least
    values = samples.select(value=score, gone=gone).drop_nulls("value").drop_nans("value")
    if values["value"].n_unique() <= 2:
        return None
    limits = _limits(settings, _LIMITS)
    marks = [limit.value for limit in limits]
    low = min(least, _number(values["value"].min()), *marks)
    high = max(least + width, _number(values["value"].max()), *marks)
    lost = int(values["gone"].sum())
    return ScoreHistogram(gate, values.height, lost, low, high, _binned(values, low, high), limits)


def lengths(samples: pl.DataFrame, settings: Mapping[str, Json] | None) -> LengthHistogram | None:
    """None without answers. `settings` are those of the gate `length`, None where the task has none."""
    if samples.height == 0:
        return None
    values = samples.select(value=pl.col("completion_tokens").cast(pl.Float64), gone=pl.col("fate") == "dropped")
    limits = _limits(settings or {}, ("max_tokens",))
    high = max(_number(values["value"].quantile(0.99, "higher")) * 1.05, *(mark.value * 1.1 for mark in limits), 1.0)
    kept = values.filter(~pl.col("gone"))
    return LengthHistogram(
        n=values.height,
        kept=kept.height,
        low=0.0,
        high=high,
        bins=_binned(values, 0.0, high),
        limits=limits,
        before=_quantiles(values),
        after=_quantiles(kept),
        bounds=_bounds(samples, (settings or {}).get("spread")),
    )


def forms(samples: pl.DataFrame) -> list[AnswerForm]:
    """Each form that an answer has."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for answer, calls, fate in samples.select("answer", "tool_calls", "fate").iter_rows():
        word = form(answer, calls)
        before[word] += 1
        after[word] += fate != "dropped"
    kept = after.total()
    return [
        AnswerForm(word, before[word] / samples.height, after[word] / kept if kept else 0.0)
        for word in FORMS
        if before[word]
    ]


def _limits(settings: Mapping[str, Json], names: Sequence[str]) -> list[Limit]:
    given = ((name, settings.get(name)) for name in names)
    return [Limit(name, float(value)) for name, value in given if isinstance(value, int | float)]


def _binned(values: pl.DataFrame, low: float, high: float) -> list[list[int]]:
    """[not gone, gone] of each bin; a value on an edge is in the upper bin, as a score at its limit passes."""
    # A hair more, for 0.15 * 20 is less than 3.
    at = ((pl.col("value") - low) / (high - low) * BINS + 1e-9).floor().clip(0, BINS - 1).cast(pl.Int64)
    bins = [[0, 0] for _ in range(BINS)]
    for i, gone, count in values.group_by(at.alias("bin"), "gone").len().iter_rows():
        bins[i][gone] = count
    return bins


def _quantiles(values: pl.DataFrame) -> list[float]:
    """At 5, 25, 50, 75 and 95 % and the greatest; none of none."""
    if values.height == 0:
        return []
    return [_number(values["value"].quantile(share, "nearest")) for share in _QUANTILES]


def _bounds(samples: pl.DataFrame, spread: float | None) -> list[LengthBounds]:
    """Of the largest strata in which a length can be odd, found as the gate finds them."""
    if spread is None or "score_length" not in samples.columns:
        return []
    seen = samples.filter(pl.col("score_length").is_not_null())
    sizes = dict(seen.group_by("stratum").len().iter_rows())
    found = bounds(token_counts(seen), spread)
    order = sorted(found, key=lambda stratum: (-sizes[stratum], stratum))[:_STRATA]
    return [LengthBounds(name, max(0.0, found[name][0]), found[name][1], sizes[name]) for name in order]


def _number(value: Json) -> float:
    return float(value)
