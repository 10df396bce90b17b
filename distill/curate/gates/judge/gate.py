"""Gates that a model decides: its verdicts first, as columns, the threshold last, so that another one costs no call.

`score_judge`    the mean over dimensions and judges as 0..1, null where no judge gave a readable verdict
`judge_<name>`   the same of one dimension, as 1..5
`verdicts_judge` every judge's scores and reasons, or why it gave none, as JSON

`verdicts` is no setting of a spec: it looks up what the judges said of each row, and sends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from statistics import fmean

import polars as pl

from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict, one_line
from distill.curate.gates.scoring import Fail, rescored
from distill.curate.gates.settings import AtLeast, IfUnscored
from distill.tables.outcome import Outcome, ordered, partition

RowVerdicts = Sequence[JudgeVerdict | NoVerdict]
"""What each judge said of one row."""
LookUp = Callable[[pl.DataFrame], Sequence[RowVerdicts]]
"""For each row of a frame."""


def judge(frame: pl.DataFrame, *, verdicts: LookUp, at_least: AtLeast = 4.0, unscored: IfUnscored = "drop") -> Outcome:
    """Drops answers that the judges score below `at_least`, from 1 to 5: a number for the mean, or one for each dimension.

    `unscored` is what becomes of rows that no judge gave a readable verdict on.
    """
    return decided(frame, "judge", verdicts, at_least, unscored)


def toxicity(
    frame: pl.DataFrame, *, verdicts: LookUp, at_least: AtLeast = 4.0, unscored: IfUnscored = "drop"
) -> Outcome:
    """Drops answers that the judges find harmful, by a rubric that ships; settings as for `judge`."""
    return decided(frame, "toxicity", verdicts, at_least, unscored)


def decided(frame: pl.DataFrame, name: str, verdicts: LookUp, at_least: AtLeast, unscored: IfUnscored) -> Outcome:
    """The outcome of the gate of this name; `report` has how many rows were judged, and the judges' mean spread."""
    rows = ordered(frame)
    by_row = verdicts(rows)
    read = [_read(row) for row in by_row]
    by_dimension = [means(row) for row in by_row]
    fails = {
        i: fail
        for i, row in enumerate(by_row)
        if (fail := _below(by_dimension[i], read[i], at_least) if read[i] else _without_verdict(row, unscored))
    }
    judge_means = [[verdict.mean for verdict in row] for row in read if len(row) > 1]
    spreads = [max(scores) - min(scores) for scores in judge_means]
    outcome = partition(rescored(rows.with_columns(_columns(name, by_row, by_dimension))), fails, stage=name)
    outcome.report["judged"] = sum(bool(row) for row in read)
    outcome.report["spread"] = round(fmean(spreads), 3) if spreads else None
    return outcome


def means(verdicts: RowVerdicts) -> dict[str, float]:
    """Each dimension's mean over the judges; empty where none gave a verdict."""
    read = _read(verdicts)
    return {name: fmean(verdict.scores[name] for verdict in read) for name in read[0].scores} if read else {}


def _read(verdicts: RowVerdicts) -> list[JudgeVerdict]:
    return [verdict for verdict in verdicts if isinstance(verdict, JudgeVerdict)]


def _columns(name: str, by_row: Sequence[RowVerdicts], by_dimension: Sequence[dict[str, float]]) -> list[pl.Series]:
    dimensions = dict.fromkeys(dimension for row in by_dimension for dimension in row)
    scores = [(fmean(row.values()) - 1) / 4 if row else None for row in by_dimension]
    texts = [json.dumps([verdict.plain for verdict in row], ensure_ascii=False) for row in by_row]
    return [
        pl.Series(f"score_{name}", scores, dtype=pl.Float64),
        *(pl.Series(f"{name}_{one}", [row.get(one) for row in by_dimension], dtype=pl.Float64) for one in dimensions),
        pl.Series(f"verdicts_{name}", texts, dtype=pl.String),
    ]


def _below(means: dict[str, float], read: Sequence[JudgeVerdict], at_least: AtLeast) -> Fail:
    """The first dimension below its limit, or where the mean is too low the worst one, with a judge's reason for it."""
    if isinstance(at_least, dict):
        low = next((name for name in means if means[name] < at_least.get(name, 0)), None)
        return None if low is None else _low_score(low, f"at least {at_least[low]:g} required", means, read)
    mean = fmean(means.values())
    if mean >= at_least:
        return None
    worst = min(means, key=lambda name: means[name])
    return _low_score(worst, f"mean {mean:.2g}, at least {at_least:g} required", means, read)


def _low_score(name: str, required: str, means: dict[str, float], read: Sequence[JudgeVerdict]) -> Fail:
    strictest = min(read, key=lambda verdict: verdict.scores[name])
    reason = one_line(strictest.reasons[name]) or "no reason given"
    return "low_score", f"{name} {means[name]:.2g}, {required}: {reason}"


def _without_verdict(verdicts: RowVerdicts, unscored: IfUnscored) -> Fail:
    if unscored == "keep":
        return None
    reasons = [f"{verdict.judge}: {verdict.reason}" for verdict in verdicts if isinstance(verdict, NoVerdict)]
    return "unscored", one_line("; ".join(reasons)) or "no judge was asked"
