"""Preference pairs from what a run has anyway: the answer that its dataset keeps, against another answer to the same seed.

    seed   kept      another           why a pair
    s1     draw 1    draw 0            judge: 0.90 against 0.40
    s2     teacher   a panel's answer  agreement: 0.67 against 0.33
    s3     gold      the teacher's     schema: 1.00 against 0.00; dropped by schema: not_json

Nothing is asked for it. One answer is better than another where a gate scores it higher by `margin`, and no gate lower by as much: near
ties make no pair. A seed makes one pair at most, with its worst answer, so that pairs stay as balanced as the dataset.

What must not train makes no pair either: answers with a credential, answers that give a test row away, and answers dropped for
what a trainer cannot read. Seeds that are not in the dataset have none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distill.curate import passages
from distill.curate.gates import private
from distill.curate.gates.agreement import comparable_texts
from distill.curate.gates.scoring import SampleRow, by_worth
from distill.curate.passage_index import text_of
from distill.records import GOLD
from distill.tables.outcome import ordered

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.leaks import HeldOut

MARGIN = 0.2
_UNFIT = {"secrets", "pii", "leaks", "valid_leaks", "preflight"}
"""Stages that drop what must not train, on either side of a pair."""
_OUTVOTED = "outvoted"
"""The reason of a drop that tells the worse answer by itself, whatever gates say."""
WITHOUT = {
    "one_answer": "has no other answer",
    "same_answer": "its other answers say the same",
    "near_tie": "the margin between its answers is too small, or gates disagree",
    "must_not_train": "its other answers are empty, too long, or hold what must not train",
}
"""Why a seed of the dataset makes no pair."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One seed's kept answer and a worse one, by the ids of their requests (None: a gold answer, which nobody was asked for)."""

    seed_id: str
    fate: str
    chosen: str | None
    rejected: str | None
    rejected_answer: str
    rejected_calls: str
    """As `tool_calls` of samples.parquet."""
    scores: Mapping[str, tuple[float, float]]
    """Gate → (chosen, rejected), where they differ."""
    reason: str


@dataclass(frozen=True, slots=True)
class PairsFound:
    """The pairs by seed; `without` counts the other seeds of the dataset by why they have none (`WITHOUT`)."""

    pairs: Mapping[str, Pair]
    without: Mapping[str, int]
    margin: float


def find(
    samples: pl.DataFrame, dropped: pl.DataFrame, *, margin: float = MARGIN, held_out: Sequence[HeldOut] = (),
    template: Sequence[str] = (), persons: bool = False,
) -> PairsFound:  # fmt: skip
    """The pairs of a run's samples.parquet and dropped.parquet; pairs and `without` add up to the dataset's seeds.

    `held_out` and `template` are as for `distill.curate.leaks`; with `persons` an answer that names a person makes no pair.
    """
    import polars as pl

    rows = ordered(samples)
    rows = rows[by_worth(rows).tolist()]  # the best answer of a seed comes first
    kept = rows.filter(pl.col("fate") != "dropped").unique("seed_id", keep="first", maintain_order=True).sort("seed_id")
    others = rows.filter(pl.col("seed_id").is_in(kept["seed_id"].to_list()), fate="dropped")
    unfit = _unfit(others, held_out, template, persons=persons)
    whys = {row[0]: row[1:] for row in dropped.select("request_id", "stage", "reason", "detail").iter_rows() if row[0]}
    by_seed: dict[str, list[SampleRow]] = {}
    for row in others.iter_rows(named=True):
        by_seed.setdefault(row["seed_id"], []).append(row)
    pairs, without = dict[str, Pair](), Counter[str]()
    for best in kept.iter_rows(named=True):
        found = [_compared(best, row, whys, unfit, margin) for row in by_seed.get(best["seed_id"], ())]
        made = [one for one in found if isinstance(one, Pair)]
        if made:
            pairs[best["seed_id"]] = max(made, key=_gap)
        else:
            without[_nearest_miss([one for one in found if isinstance(one, str)])] += 1
    return PairsFound(pairs, dict(sorted(without.items())), margin)


def _compared(
    best: SampleRow, other: SampleRow, whys: Mapping[str, tuple[str, str, str]], unfit: set[str], margin: float
) -> Pair | str:
    """The pair of a kept answer and another one, or the reason of `WITHOUT`."""
    stage, why, detail = whys.get(other["request_id"] or "", ("", "", ""))
    said = (other["answer"] or "").strip() or other["tool_calls"]
    if not said or stage in _UNFIT or other["request_id"] in unfit:
        return "must_not_train"
    one, two = comparable_texts([best, other], ())
    if one == two:
        return "same_answer"
    scores = dict(_scores(best, other))
    gaps = [better - worse for better, worse in scores.values()]
    better = why == _OUTVOTED or any(gap >= margin for gap in gaps)
    if not better or any(gap <= -margin for gap in gaps):
        return "near_tie"
    told = [f"{gate}: {high:.2f} against {low:.2f}" for gate, (high, low) in scores.items()]
    told += [f"dropped by {stage}: {why}{f' ({detail})' if detail else ''}"] if stage else []
    return Pair(
        best["seed_id"], best["fate"], best["request_id"], other["request_id"], other["answer"] or "",
        other["tool_calls"] or "", scores, "; ".join(told),
    )  # fmt: skip


def _scores(best: SampleRow, other: SampleRow) -> Iterator[tuple[str, tuple[float, float]]]:
    """Gate → both scores, where they differ; no gate scored a gold answer that it was not asked about, and it counts as right."""
    for name in sorted(name for name in best if name.startswith("score_")):
        low, high = other[name], best[name]
        high = 1.0 if high is None and best["teacher"] == GOLD else high
        if low is not None and high is not None and low != high:
            yield name.removeprefix("score_"), (float(high), float(low))


def _gap(pair: Pair) -> tuple[float, str]:
    return max((high - low for high, low in pair.scores.values()), default=0.0), pair.rejected or ""


def _nearest_miss(reasons: Sequence[str]) -> str:
    """Of the reasons why none of a seed's answers makes a pair, the one that came nearest to one."""
    return next((why for why in ("near_tie", "must_not_train", "same_answer") if why in reasons), "one_answer")


def _unfit(others: pl.DataFrame, held_out: Sequence[HeldOut], template: Sequence[str], *, persons: bool) -> set[str]:
    """The requests whose answers must not train: an early gate dropped them before a later one could look."""
    import polars as pl

    # The prompt is the kept answer's, which has been looked at; what stands in this one is not used.
    answers = others.with_columns(prompt=pl.lit(""))
    found = set(private.secrets(answers).dropped["request_id"])
    if persons:
        found |= set(private.pii(answers).dropped["request_id"])
    texts = [
        text_of("", answer or "", calls or "") for answer, calls in others.select("answer", "tool_calls").iter_rows()
    ]
    shared = passages.find(
        texts, [(row.input, row.answer) for row in held_out], inputs=[""] * len(texts),
        unsure=[not row.sure for row in held_out], template=template,
    )  # fmt: skip
    requests = others["request_id"].to_list()
    return found | {requests[i] for i, quote in enumerate(shared.quotes) if quote is not None}
