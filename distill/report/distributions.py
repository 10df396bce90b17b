"""How the scores, lengths and forms of a run's answers are spread: before curation, after it, and where the limits lie.

In: samples.parquet, all answers with their `fate`. Out: JSON-able counts for the report's drawings: of the scores a bin is
[answers that passed the gate, answers that it dropped], of the tokens [answers in the dataset, other answers].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

BINS = 20
_LIMITS = ("at_least", "at_most", "near")
"""Settings of a gate that its score is held against."""
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_STRATA = 30

Gates = Sequence[tuple[str, Mapping[str, Any]]]
"""(name, settings) of the gates in the spec's order, with their defaults."""


def scores(samples: pl.DataFrame, dropped: pl.DataFrame, gates: Gates) -> list[dict[str, Any]]:
    """A histogram for each gate with a graded score, of more than two values: {gate, n, dropped, low, high, bins, limits}.

    What judges said is shown from 1 to 5, as they say it and as its limit is given.
    """
    import polars as pl

    found = []
    for gate, settings in gates:
        name = f"score_{gate}"
        if name not in samples.columns:
            continue
        fell = dropped.filter(pl.col("stage") == gate)["request_id"].drop_nulls().unique()
        gone = pl.col("request_id").is_in(fell.implode())
        least, width = (1.0, 4.0) if f"verdicts_{gate}" in samples.columns else (0.0, 1.0)
        score = pl.col(name).cast(pl.Float64) * width + least
        values = samples.select(value=score, gone=gone).drop_nulls("value").drop_nans("value")
        if values["value"].n_unique() <= 2:
            continue
        limits = _limits(settings, _LIMITS)
        marks = [limit["value"] for limit in limits]
        low = min(least, _number(values["value"].min()), *marks)
        high = max(least + width, _number(values["value"].max()), *marks)
        found.append(
            {
                "gate": gate,
                "n": values.height,
                "dropped": int(values["gone"].sum()),
                "low": low,
                "high": high,
                "bins": _binned(values, low, high),
                "limits": limits,
            }
        )
    return found


def lengths(samples: pl.DataFrame, settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Tokens of the answers: {n, kept, low, high, bins, limits, before, after, bounds}; empty without answers.

    `settings` are those of the gate `length`, None where the task has none. `before` and `after` are quantiles; `bounds`
    are the odd-length limits of the largest strata. Longer answers than `high` are counted in the last bin.
    """
    import polars as pl

    if samples.height == 0:
        return {}
    values = samples.select(value=pl.col("completion_tokens").cast(pl.Float64), gone=pl.col("fate") == "dropped")
    limits = _limits(settings or {}, ("max_tokens",))
    high = max(_number(values["value"].quantile(0.99, "higher")) * 1.05, *(mark["value"] * 1.1 for mark in limits), 1.0)
    kept = values.filter(~pl.col("gone"))
    return {
        "n": values.height,
        "kept": kept.height,
        "low": 0.0,
        "high": high,
        "bins": _binned(values, 0.0, high),
        "limits": limits,
        "before": _quantiles(values),
        "after": _quantiles(kept),
        "bounds": _bounds(samples, (settings or {}).get("spread")),
    }


def forms(samples: pl.DataFrame) -> list[dict[str, Any]]:
    """{form, before, after} of each form that an answer has: shares of all answers and of the dataset."""
    from distill.curate.gates.answer_form import FORMS, form

    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for answer, calls, fate in samples.select("answer", "tool_calls", "fate").iter_rows():
        word = form(answer, calls)
        before[word] += 1
        after[word] += fate != "dropped"
    kept = after.total()
    return [
        {"form": word, "before": before[word] / samples.height, "after": after[word] / kept if kept else 0.0}
        for word in FORMS
        if before[word]
    ]


def _limits(settings: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    given = ((name, settings.get(name)) for name in names)
    return [{"setting": name, "value": float(value)} for name, value in given if isinstance(value, int | float)]


def _binned(values: pl.DataFrame, low: float, high: float) -> list[list[int]]:
    """[not gone, gone] of each bin; a value on an edge is in the upper bin, as a score at its limit passes."""
    import polars as pl

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


def _bounds(samples: pl.DataFrame, spread: float | None) -> list[dict[str, Any]]:
    """{stratum, low, high, n} of the largest strata in which a length can be odd, found as the gate finds them."""
    import polars as pl

    from distill.curate.gates.structure import bounds

    if spread is None or "score_length" not in samples.columns:
        return []
    seen = samples.filter(pl.col("score_length").is_not_null())
    sizes = dict(seen.group_by("stratum").len().iter_rows())
    found = bounds(seen, spread)
    order = sorted(found, key=lambda stratum: (-sizes[stratum], stratum))[:_STRATA]
    return [
        {"stratum": name, "low": max(0.0, found[name][0]), "high": found[name][1], "n": sizes[name]} for name in order
    ]


def _number(value: Any) -> float:
    return float(value)
