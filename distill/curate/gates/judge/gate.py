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
    """What the verdicts make of the rows, for the gate of this name; `report` has how many were judged, and the judges' spread."""
    rows = ordered(frame)
    said = verdicts(rows)
    read = [[one for one in row if isinstance(one, JudgeVerdict)] for row in said]
    averages = [means(row) for row in said]
    fails = {
        i: fail
        for i, row in enumerate(said)
        if (fail := _below(averages[i], read[i], at_least) if averages[i] else _silent(row, unscored))
    }
    spreads = [max(one.mean for one in row) - min(one.mean for one in row) for row in read if len(row) > 1]
    out = partition(rescored(rows.with_columns(_columns(name, said, averages))), fails, stage=name)
    out.report["judged"] = sum(bool(row) for row in averages)
    out.report["spread"] = round(fmean(spreads), 3) if spreads else None
    return out


def _columns(name: str, said: Sequence[RowVerdicts], means: Sequence[dict[str, float]]) -> list[pl.Series]:
    dimensions = dict.fromkeys(dimension for row in means for dimension in row)
    scores = [(fmean(row.values()) - 1) / 4 if row else None for row in means]
    texts = [json.dumps([one.plain for one in row], ensure_ascii=False) for row in said]
    return [
        pl.Series(f"score_{name}", scores, dtype=pl.Float64),
        *(pl.Series(f"{name}_{one}", [row.get(one) for row in means], dtype=pl.Float64) for one in dimensions),
        pl.Series(f"verdicts_{name}", texts, dtype=pl.String),
    ]


def means(said: RowVerdicts) -> dict[str, float]:
    """Each dimension's mean over the judges; empty where none gave a verdict."""
    read = [one for one in said if isinstance(one, JudgeVerdict)]
    return {name: fmean(one.scores[name] for one in read) for name in read[0].scores} if read else {}


def _below(means: dict[str, float], read: Sequence[JudgeVerdict], at_least: AtLeast) -> Fail:
    """The first dimension below its mark, or where the mean is too low the worst one, with a judge's reason for it."""
    if isinstance(at_least, dict):
        low = next((name for name in means if means[name] < at_least.get(name, 0)), None)
        return None if low is None else _fail(low, f"at least {at_least[low]:g} required", means, read)
    mean = fmean(means.values())
    if mean >= at_least:
        return None
    worst = min(means, key=lambda name: means[name])
    return _fail(worst, f"mean {mean:.2g}, at least {at_least:g} required", means, read)


def _fail(name: str, asked: str, means: dict[str, float], read: Sequence[JudgeVerdict]) -> Fail:
    strictest = min(read, key=lambda one: one.scores[name])
    return "low_score", f"{name} {means[name]:.2g}, {asked}: {one_line(strictest.reasons[name]) or 'no reason given'}"


def _silent(said: RowVerdicts, unscored: IfUnscored) -> Fail:
    if unscored == "keep":
        return None
    reasons = [f"{one.judge}: {one.reason}" for one in said if isinstance(one, NoVerdict)]
    return "unscored", one_line("; ".join(reasons)) or "no judge was asked"
