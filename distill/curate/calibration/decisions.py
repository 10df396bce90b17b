"""What gates decide about labelled answers; each gate looks at every answer by itself, so that its own mistakes are seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from distill.curate.calibration.labelled import LabelledAnswers
from distill.curate.calibration.stats import LabelledDecision
from distill.curate.gates.judge.gate import RowVerdicts
from distill.curate.gates.judge.lookup import VerdictLookup
from distill.curate.gates.judge.requests import asks_model
from distill.curate.gates.registry import GATES
from distill.tables.outcome import Outcome

Decisions = Mapping[str, bool | None]
"""Request id → whether the answer is kept, None where the gate could not say."""
VerdictsByRequest = Mapping[str, "RowVerdicts"]


def verdicts_asked_for(
    verdicts: VerdictLookup, gate: str, settings: Mapping[str, object], answers: LabelledAnswers
) -> VerdictsByRequest | None:
    """What each judge said of the answers that the gate asks about; None where it asks no judge."""
    if not asks_model(gate, settings):
        return None
    by_request: dict[str, RowVerdicts] = {}

    def look_up(frame: pl.DataFrame) -> Sequence[RowVerdicts]:
        rows = verdicts.look_up(gate, frame)
        by_request.update(zip(frame["request_id"], rows, strict=True))
        return rows

    _apply(gate, {**settings, "verdicts": look_up}, answers)
    return by_request


def decide(gate: str, settings: Mapping[str, object], answers: LabelledAnswers) -> Decisions:
    """What one gate decides about every answer."""
    outcome = _apply(gate, settings, answers)
    unscored = outcome.dropped.filter(pl.col("reason") == "unscored")["request_id"].to_list()
    if asks_model(gate, settings):  # `unscored: keep` lets them pass, and yet nobody judged
        unscored += outcome.kept.filter(pl.col(f"score_{gate}").is_null())["request_id"].to_list()
    kept: dict[str, bool | None] = dict.fromkeys(outcome.kept["request_id"], True)
    return kept | dict.fromkeys(outcome.rejected["request_id"], False) | dict.fromkeys(unscored)


def decided_together(answers: LabelledAnswers, gates: Sequence[Decisions]) -> Decisions:
    """An answer is kept where no gate drops it; where one could not say and none dropped it, nobody knows."""
    together: dict[str, bool | None] = {}
    for request in answers.good:
        kept = [decisions[request] for decisions in gates]
        together[request] = False if False in kept else None if None in kept else True
    return together


def beside_labels(answers: LabelledAnswers, decisions: Decisions) -> list[LabelledDecision]:
    """Each decision with people's label of the answer."""
    columns, clusters = answers.samples.select("request_id", "stratum").iter_rows(), answers.clusters
    return [
        LabelledDecision(stratum, answers.good[request], decisions[request], clusters[request])
        for request, stratum in columns
        if request in decisions
    ]


def _apply(gate: str, settings: Mapping[str, object], answers: LabelledAnswers) -> Outcome:
    return GATES[gate].apply(answers.samples, settings)
