"""The parts of report.json that only some runs have: a cascade, labels, rivals' sizes, break-even, a previous student, batches."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from distill.evaluate.diagnosis.result import Diagnosis, DiagnosisExample, NextAction
from distill.evaluate.probes.result import ProbeExample, ProbeQuestion
from distill.stats import Estimate


def rarer_parts() -> dict[str, Any]:
    return {
        "selective": _selective(),
        "labels": [_labels()],
        "scored_by": ["`intent` as values, by json_fields"],
        "footprints": {
            "student": {
                "size_mb": 0.4, "memory_mb": 0.6, "latency_p50_ms": 1.5, "latency_p95_ms": 9.6, "usd_per_1000": 0.1,
            }
        },
        "roi": _roi(),
        "previous": {"run": "002", "sentences": ["It is better."], "changes": {"teacher": "old → new"}},
        "run_diff": _run_diff(),
        "probes": _probes(),
        "diagnosis": _diagnosis(),
        "by_teacher": [
            {"teacher": "gpt-large-2026", "student": _estimate(0.93, 0.9, 0.96), "previous": _estimate(0.84, 0.8, 0.88)}
        ],
        "timeline": {
            "began": "2026-11-21 01:00:00",
            "over": "2026-11-21 05:00:00",
            "parts": [
                {
                    "way": "batch", "name": "batch_1234567890abcdef", "spender": "teacher", "start": 0.1, "end": 0.9, "from_": "01:00:00",
                    "until": "05:00:00", "rows": 400, "answered": 398, "usd": 0.4, "ended": "completed",
                }
            ],
            "usd": {"batch": 0.4, "live": 0.0},
            "rows": {"batch": 398, "live": 0},
            "deadline": None,
        },
    }  # fmt: skip


def _estimate(mean: float, low: float, high: float, n: int = 96) -> dict[str, Any]:
    return {"mean": mean, "low": low, "high": high, "n": n}


def _run_diff() -> dict[str, Any]:
    """A refresh with two strata relabelled, of ten; one example of each kind, and a score that nothing is left of."""
    side = {
        "run": "mood/001",
        "began": "2026-10-01T08:00:00+00:00",
        "teacher": "old",
        "base": "small",
        "verdict": "distil",
        "sends": 400,
        "usd": 1.5,
    }

    def example(before: str | None, after: str | None, why: str = "") -> dict[str, Any]:
        return {
            "seed_id": "5d61d07a",
            "stratum": "return",
            "input": "Send it back?",
            "before": before,
            "after": after,
            "why": why,
        }

    def score(arm: str, metric: str, *, scored: bool = True) -> dict[str, Any]:
        found = {
            "before": _estimate(0.8, 0.7, 0.9, 90),
            "after": _estimate(0.9, 0.8, 0.95, 90),
            "difference": _estimate(0.1, 0.02, 0.18, 90),
        }
        return {"arm": arm, "metric": metric, "left_out": 6, **(found if scored else dict.fromkeys(found))}

    return {
        "a": side, "b": side | {"run": "mood/002", "teacher": "new", "verdict": "undecided", "usd": None},
        "rows": {
            "before": 300, "after": 310, "same": 200, "added": 30, "gone": 20, "relabelled": 80,
            "why_added": {"dropped by length: too_long": 30}, "why_gone": {"a test row": 20},
            "strata": [{"stratum": f"k{n}", "before": 30, "after": 31, "relabelled": 40 if n < 2 else 0} for n in range(10)],
            "examples": {
                "relabelled": [example('{"intent": "return"}', '{"intent": "other"}')],
                "added": [example(None, "x", "dropped by length: too_long")], "gone": [example("x", None, "a test row")],
            },
        },
        "tests": {"before": 96, "after": 96, "same": 90, "regraded": 6},
        "gates": [{"stage": "length", "reason": "too_long", "before": 40, "after": 10}],
        "settings": [
            {"name": "teacher.model", "before": "old", "after": "new"}, {"name": "gates", "before": None, "after": ["schema"]},
        ],
        "scores": [
            score("student", "json_fields"), score("student", "agreement", scored=False), score("teacher", "json_fields"),
        ],
    }  # fmt: skip


def _selective() -> dict[str, Any]:
    points = [(0.2, 0.99, 0.0), (0.6, 0.8, 0.03), (1.0, 0.4, 0.12)]
    return {
        "limit": 0.05,
        "against": "known answers",
        "signal": "probability of its tokens",
        "fields": ["intent"],
        "threshold": {"confidence": 0.8, "rows": 300, "kept": 190, "errors": 3, "bound": 0.04},
        "coverage": _estimate(0.62, 0.52, 0.71),
        "risk": _estimate(0.03, 0.01, 0.1),
        "by_stratum": [{"label": "intent", "value": "billing", "rows": 24, "kept": 20, "wrong": 1}],
        "curve": [
            {"coverage": share, "confidence": sure, "risk": _estimate(risk, risk / 2, risk + 0.1)}
            for share, sure, risk in points
        ],
        "price": {"usd_per_1000": 0.7, "teacher_usd_per_1000": 1.9, "p95_s": 1.2, "teacher_p95_s": 2.4},
        "far": 2,
        "note": "",
    }


def _labels() -> dict[str, Any]:
    found = {
        "accuracy": _estimate(0.8, 0.7, 0.9),
        "macro_f1": _estimate(0.75, 0.6, 0.9),
        "labels": [{"label": "billing", "wanted": 24, "found": 20, "precision": 0.9, "recall": 0.75, "f1": 0.82}],
        "confusions": [
            {
                "wanted": wanted, "found": "other", "count": 4,
                "examples": [{"seed_id": "38e496c3a98dfeac", "input": "Two invoices for one kettle"}],
            }
            for wanted in ("billing", "return", "cancel", "delivery")
        ],
        "table": [{"wanted": "billing", "found": "other", "count": 4}],
    }  # fmt: skip
    return {
        "field": "intent", "against": "known answers", "arms": {"teacher": found, "student": found},
        "to_teacher": _estimate(-0.02, -0.05, 0.01),
    }  # fmt: skip


def _roi() -> dict[str, Any]:
    def quantity(name: str, value: float | None, unit: str) -> dict[str, Any]:
        source = "default" if value is not None else "unknown"
        return {"name": name, "value": value, "unit": unit, "source": source, "note": f"{name}, by its note"}

    return {
        "run": "support-triage/003",
        "inputs": [quantity("calls_a_day", 900.0, "calls"), quantity("hours", None, "hours")],
        "once": quantity("paid once", 960.0, "$"),
        "upkeep_a_day": quantity("repairs", 2.9, "$ a day"),
        "hosting_a_day": quantity("a machine", 2.4, "$ a day"),
        "results": [
            {
                "way": "student alone", "against": "prompted teacher", "state": "pays", "own_per_1000": 0.1, "rival_per_1000": 1.9,
                "saving_a_day": 12.0, "days": 80.0, "calls": 72_000.0, "low": 60.0, "high": None,
            }
        ],
        "sensitivity": [],
        "target_days": 90.0,
        "volume_for_target": 800.0,
        "quality": None,
        "unknowns": ["hours: by its note"],
    }  # fmt: skip


def _probes() -> list[dict[str, Any]]:
    question = ProbeQuestion("style", "openings", "share of the commonest opening", "points", threshold=20.0)
    example = ProbeExample("s1", "my lamp is late", "Dear all", "seen in training")
    failed = question.answered(Estimate(62, 50, 70, 80), "50 of 80", [example])
    return [asdict(failed), asdict(question.unmeasured("no rows"))]


def _diagnosis() -> dict[str, Any]:
    step = NextAction("train with a lower rate", "run", options=["--set", "student.train.learning_rate=0.0005"])
    shown = [DiagnosisExample("s1", "my lamp is late", "begins as 50 others do")]
    return asdict(Diagnosis("probe_failed", "It has lost its variety.", ["n = 80"], step, shown, also=["shift"]))
