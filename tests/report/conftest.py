"""A whole report as report.json has it: the support-triage task, with a teacher that costs money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, asdict, fields
from typing import Any

import pytest
from ablations import ABLATION

from distill.evaluate.comparison import Comparison
from distill.report.curation import CurationSection
from distill.report.report import Report
from distill.text.from_json import from_json


@pytest.fixture
def typed() -> Callable[[dict[str, Any]], Report]:
    """The keys of report.json → the report."""
    return of_json


def has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def of_json(flat: dict[str, Any]) -> Report:
    parts = {
        name: {each.name: flat[each.name] for each in fields(kind) if each.name in flat or not has_default(each)}
        for name, kind in (("comparison", Comparison), ("curation", CurationSection))
    }
    student = {"base": flat["student"]["base"], "with_": flat["student"]["with"], "engine": flat["student"]["engine"]}
    return from_json(Report, flat | parts | {"student": student})


@pytest.fixture
def report() -> dict[str, Any]:
    return sample()


def sample() -> dict[str, Any]:
    return {
        "title": "support-triage",
        "about": "Turn a customer's message into a routed, prioritised ticket.",
        "metric": "json_fields",
        "kind": "fields",
        "margin": 0.02,
        "rows": 96,
        "run": {
            "folder": "runs/support-triage/003",
            "number": 3,
            "spec": "prompts/support-triage/task.yaml",
            "started": "2026-11-21 12:02",
            "finished": "2026-11-21 12:31",
            "distill_version": "0.1.0",
            "python": "3.11.2",
            "packages": {"polars": "2.1.0", "torch": "2.13.0", "xllamacpp": "2026.10.11549"},
        },
        "teacher": {"model": "gpt-large-2026", "terms": "may be used to train internal models"},
        "student": {"base": "embedded/smollm2-135m", "with": "lora", "engine": "llama.cpp"},
        "verdict": {
            "word": "distil",
            "sentences": [
                "Distil: the student does this task as well as the teacher.",
                "On 96 held-out rows, the student gets 88.0 % of the fields right and the teacher 87.5 %:"
                " +0.5 points, and most likely between \u22121.6 and +2.6; a loss of 2 points is allowed.",
                "Training is worth +64.6 points over the same small model, untrained.",
                "With the teacher's long prompt, the untrained small model is 28.1 points worse"
                " than the student. The student answers for 17 % of its tokens.",
            ],
            "rows_needed": None,
        },
        "arms": {
            "teacher": arm((0.875, 0.82, 0.92), (0.99, 0.943, 0.998), tokens=(612, 38), usd=1.92, latency=1.31),
            "student": arm((0.88, 0.828, 0.922), (0.979, 0.927, 0.994), tokens=(71, 37), usd=0.021, latency=0.42),
            "prompted_base": arm((0.599, 0.53, 0.66), (0.708, 0.611, 0.79), tokens=(605, 44), usd=0.11, latency=2.2),
            "base": arm((0.234, 0.18, 0.3), (0.083, 0.043, 0.156), tokens=(68, 81), usd=0.03, latency=0.9, failed=2),
        },
        "differences": [
            gap("teacher", 0.005, -0.016, 0.026),
            gap("prompted_base", 0.281, 0.21, 0.35),
            gap("base", 0.646, 0.57, 0.72),
            gap("teacher", -0.011, -0.04, 0.02, metric="schema"),
        ],
        "by_label": {
            "intent": [
                cell("account", 11, 0.86, 0.9),
                cell("billing", 24, 0.92, 0.88),
                cell("delivery", 31, 0.9, 0.94),
                cell("return", 30, 0.85, 0.81),
            ],
            "style": [
                cell("plain", 62, 0.93, 0.92),
                cell("sarcastic", 22, 0.71, 0.8),
                cell("injection", 12, 0.83, 0.79),
            ],
        },
        "test_clusters": 90,
        "heat_map": heat(),
        "best": [
            {
                "seed_id": "5a11c0a7be21d445",
                "value": 1.0,
                "input": "Cancel my order, please.",
                "gold": {"intent": "cancel"},
                "teacher": '{"intent": "return"}',
                "student": '{"intent": "cancel"}',
                "reasons": {
                    "agreement": 'intent: "cancel", expected "return"',
                    "judge:style": "style 5 of 5: it is kind",
                },
            },
        ],
        "fallen": [{"name": "style = sarcastic", "rows": 22, "student": 0.41, "teacher": 0.8, "clear": True}],
        "ceiling": {
            "itself": estimate(0.94, 0.85, 0.98, 60),
            "correct": estimate(0.9, 0.8, 0.95, 60),
            "of_itself": estimate(0.96, 0.9, 1.02, 60),
            "of_correct": None,
        },
        "teacher_errors": {
            "known": 2,
            "suspected": 1,
            "rows": [
                {
                    "seed_id": "77aa0c11d0e94a02",
                    "input": "Never mind, found it.",
                    "teacher": '{"intent": "delivery"}',
                    "student": '{"intent": "other"}',
                    "known": {"intent": "other"},
                    "why": "the known answer is the student's",
                },
            ],
        },
        "judging": judging(),
        "worst": [
            {
                "seed_id": "3f9c0a7be21d4455",
                "value": 0.0,
                "input": "oh good, another 'it's on its way!' email. on its way from where, Saturn?",
                "gold": {"intent": "delivery", "urgency": "normal"},
                "teacher": '{"intent": "delivery", "urgency": "normal", "summary": "Asks for it."}',
                "student": '{"intent": "other", "urgency": "low", "summary": "Talks of Saturn."}',
                "reasons": {"json_fields": 'intent: "other", expected "delivery"; urgency: "low", expected "normal"'},
            },
            {
                "seed_id": "b11c7712d0e94a02",
                "value": 0.0,
                "input": "Guten Tag, laut Sendungsverfolgung liegt mein Paket seit Dienstag in Kassel. " * 6,
                "gold": {"intent": "delivery", "urgency": "normal"},
                "teacher": '{"intent": "delivery", "urgency": "normal", "summary": "A stuck parcel."}',
                "student": "Guten Tag, vielen Dank für Ihre Nachricht! " * 14,
                "reasons": {
                    "json_fields": "no JSON object",
                    "schema": "not JSON: Expecting value: line 1 column 1",
                },
            },
        ],
        "funnel": [
            {"stage": "seeds", "in": 520, "kept": 502, "dropped": {"repeated": 11, "near_test_row": 7}},
            {"stage": "teacher", "in": 406, "kept": 403, "dropped": {"refused": 3}},
            {"stage": "schema", "in": 403, "kept": 391, "dropped": {"not_json": 4, "schema": 8}},
            {"stage": "finish_reason", "in": 391, "kept": 391, "dropped": {}},
            {
                "stage": "dedup",
                "in": 391,
                "kept": 358,
                "dropped": {"exact_duplicate": 6, "near_duplicate": 27},
            },
            {"stage": "balance", "in": 358, "kept": 320, "dropped": {"over_quota": 38}},
        ],
        "strata": {
            "intent": [
                {"value": "account", "available": 44, "asked": 40, "got": 40},
                {"value": "billing", "available": 120, "asked": 100, "got": 100},
                {"value": "delivery", "available": 140, "asked": 100, "got": 100},
                {"value": "return", "available": 98, "asked": 100, "got": 80},
            ],
            "style": [
                {"value": "plain", "available": 290, "asked": 260, "got": 240},
                {"value": "sarcastic", "available": 61, "asked": 60, "got": 60},
                {"value": "injection", "available": 22, "asked": 20, "got": 20},
            ],
        },
        "exam": exam(),
        "learning_curves": {"lora": learning_curve()},
        "ablations": {"lora": asdict(ABLATION)},
        **curation(),
        "hosted": {
            "job": "ftjob-1",
            "model": "ft:tiny:ftjob-1",
            "trained_tokens": 12_345,
            "usd": 0.25,
            "host": "openai",
            "checkpoints": [{"step": 88, "name": "ft:tiny:ftjob-1:ckpt-88"}],
            "warnings": ["line 3 was left out"],
        },
        "loss": [
            {
                "step": step,
                "epoch": step / 40,
                "train_loss": 0.35 + 2.1 / (1 + step / 9) + 0.03 * (step * 7 % 5),
                "valid_loss": {40: 0.86, 80: 0.66, 120: 0.61}.get(step),
            }
            for step in range(2, 122, 2)
        ],
        "spend": [
            spend("teacher", calls=403, replayed=3, tokens=(246_636, 15_314), usd=0.78),
            spend("evaluation", calls=384, replayed=96, tokens=(130_176, 19_200), usd=0.21),
            spend("training", calls=1, replayed=0, tokens=(103_680, 0), usd=0.0, estimated=True),
        ],
        "dataset": {"train": 288, "valid": 32, "test": 96, "tokens": 34_560},
        "repeat": ["pip install distill==0.1.0", "distill run prompts/support-triage/task.yaml"],
        "warnings": ["intent=return got 80 of 100 rows: the seeds hold no more. Add seeds, or lower per_stratum."],
        "timeline": None,
        "expect": [{"test": "rows", "wanted": 300, "found": "320 rows", "holds": True}],
        "previous": None,
    }


def exam() -> dict[str, Any]:
    """Of a teacher that has half of forty rows right, with two answers nobody gave."""
    mistake = {
        "seed_id": "77aa01", "input": "Cancel it, or I will!", "known": '{"intent": "cancel"}',
        "said": '{"intent": "return"}', "why": 'intent: "return", expected "cancel"',
    }  # fmt: skip
    return {
        "model": "gpt-large-2026", "prompt": "teacher.md", "known": 480, "rows": 40, "unanswered": 2, "kind": "fields",
        "teacher": estimate(0.513, 0.41, 0.617, 38), "commonest": estimate(0.325, 0.24, 0.41, 40),
        "linear": estimate(0.475, 0.38, 0.57, 40), "linear_rows": 440,
        "over_commonest": estimate(0.184, 0.053, 0.329, 38), "over_linear": estimate(0.039, -0.092, 0.171, 38),
        "itself": estimate(0.9, 0.6, 1.0, 10),
        "fields": [
            {"field": "intent", "teacher": estimate(0.447, 0.29, 0.605, 38), "commonest": estimate(0.2, 0.1, 0.325, 40), "linear": None},
            {
                "field": "urgency", "teacher": estimate(0.579, 0.42, 0.737, 38), "commonest": estimate(0.45, 0.3, 0.6, 40),
                "linear": estimate(0.5, 0.35, 0.65, 40),
            },
        ],
        "strata": [{"stratum": "cancel/sarcastic", "teacher": estimate(0.25, 0.0, 0.75, 4)}],
        "mistakes": [mistake], "calls": 50, "usd": 0.1, "usd_per_1000": 1.9, "seconds_p50": 1.2,
    }  # fmt: skip


def curation() -> dict[str, Any]:
    """The part on curation."""
    strata = ["billing", "delivery", "return", *(f"shop {i}" for i in range(30))]
    return {
        "total": {"seeds": 406, "questions": 812, "kept": 320, "dropped": 492},
        "by_stratum": {
            "columns": [
                {"stage": "schema", "reason": "not_json", "of": "asked", "spare": False, "count": 84},
                {"stage": "balance", "reason": "over_quota", "of": "asked", "spare": True, "count": 33},
                {"stage": "seeds", "reason": "repeated", "of": "read", "spare": False, "count": 11},
                {"stage": "", "reason": "3 other reasons", "of": "", "spare": True, "count": 4},
            ],
            "rows": [
                {
                    "stratum": name, "read": 30, "asked": 24, "kept": 12, "lost": 11 - i // 3, "share": (11 - i // 3) / 24,
                    "counts": [11 - i // 3, 1, 0, 0],
                }
                for i, name in enumerate(strata)
            ],
            "more": 7,
        },
        "shortfalls": [
            {"stratum": "return", "wanted": 30, "got": 12, "reason": "not_json", "count": 11, "cause": "not_json"},
            {"stratum": "shop 3", "wanted": 13, "got": 12, "reason": "no_seed_left", "count": 1, "cause": "too few seeds"},
        ],
        "edge_cases": [
            {"where": {"style": "injection"}, "at_least": 20, "got": 20, "seeds": 22, "natural": 0.042, "share": 0.0625},
            {
                "where": {"style": "sarcastic", "intent": "return"}, "at_least": 15, "got": 11, "seeds": 12,
                "natural": 0.023, "share": 0.034,
            },
        ],
        "scores": [
            {
                "gate": "agreement", "n": 700, "dropped": 120, "low": 0.0, "high": 1.0,
                "bins": [[0, 0]] * 6 + [[0, 120]] + [[0, 0]] * 6 + [[180, 0]] + [[0, 0]] * 5 + [[400, 0]],
                "limits": [{"setting": "at_least", "value": 0.6}],
            }
        ],
        "tokens": {
            "n": 700, "kept": 320, "low": 0.0, "high": 66.0, "bins": [[i % 7 * 5, i % 5 * 9] for i in range(20)],
            "limits": [{"setting": "max_tokens", "value": 60.0}], "before": [13.0, 22.0, 26.0, 32.0, 39.0, 61.0],
            "after": [17.0, 21.0, 25.0, 31.0, 39.0, 44.0],
            "bounds": [{"stratum": "billing", "low": 10.0, "high": 44.4, "n": 40}],
        },
        "forms": [{"form": "JSON", "before": 0.85, "after": 1.0}, {"form": "line", "before": 0.15, "after": 0.0}],
        "clusters": {
            "seeds": 502, "count": 9, "rows": 31,
            "largest": [
                {
                    "cluster": "77b0e1", "size": 12, "kept": 1,
                    "examples": [
                        {"row": "77b0e1", "input": "Where is order 1?", "fate": "train", "why": "", "similarity": 1.0},
                        {
                            "row": "9a01c2", "input": "Where is order 2?", "fate": "dropped",
                            "why": "dedup: near_duplicate", "similarity": 0.91,
                        },
                    ],
                }
            ],
        },
        "drops": [
            {
                "stage": "seeds", "reason": "repeated", "count": 1,
                "rows": [{"row": "11aa", "stratum": "", "detail": "same text as 22bb", "input": "Hello?", "answer": ""}],
            },
            {
                "stage": "schema", "reason": "not_json", "count": 84,
                "rows": [
                    {
                        "row": "c41d00", "stratum": "return", "detail": "bad JSON at character 1",
                        "input": "How do I send it back? " * 40, "answer": "Sure! Here is how.",
                    }
                ],
            },
        ],
    }  # fmt: skip


def arm(
    fields: tuple[float, float, float],
    schema: tuple[float, float, float],
    *,
    tokens: tuple[int, int],
    usd: float | None,
    latency: float,
    failed: int = 0,
) -> dict[str, Any]:
    return {
        "metrics": {"json_fields": estimate(*fields), "schema": estimate(*schema)},
        "calls": 96,
        "failed": failed,
        "unscored": failed,
        "latency_p50_s": latency,
        "latency_p95_s": latency * 1.9,
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "usd_per_1000": usd,
    }


def estimate(mean: float, low: float, high: float, n: int = 96) -> dict[str, Any]:
    return {"mean": mean, "low": low, "high": high, "n": n, "small": n < 20}


def gap(other: str, mean: float, low: float, high: float, metric: str = "json_fields") -> dict[str, Any]:
    return {"metric": metric, "a": "student", "b": other, **estimate(mean, low, high)}


def cell(value: str, n: int, student: float, teacher: float) -> dict[str, Any]:
    half = 0.5 / n**0.5
    return {
        "value": value,
        "student": estimate(student, student - half, min(1.0, student + half), n),
        "teacher": estimate(teacher, teacher - half, min(1.0, teacher + half), n),
    }


def heat() -> dict[str, Any]:
    """Two styles by two intents; no row is both sarcastic and billing."""
    found = {"student": estimate(0.42, 0.2, 0.66, 12), "gap": estimate(-0.25, -0.5, 0.0, 12)}
    return {
        "down": "style",
        "across": "intent",
        "columns": ["billing", "delivery"],
        "lines": [
            {"value": "plain", "cells": [found, {"student": estimate(0.9, 0.8, 1.0, 30), "gap": None}]},
            {"value": "sarcastic", "cells": [None, found]},
        ],
        "more_lines": 1,
        "more_columns": 0,
    }


def spend(
    spender: str, *, calls: int, replayed: int, tokens: tuple[int, int], usd: float, estimated: bool = False
) -> dict[str, Any]:
    return {
        "spender": spender,
        "calls": calls,
        "replayed": replayed,
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "usd": usd,
        "unpriced": 0,
        "estimated": estimated,
        "usd_estimated": usd if estimated else 0.0,
    }


def learning_curve() -> dict[str, Any]:
    def estimate(mean: float, low: float, high: float) -> dict[str, Any]:
        return {"mean": mean, "low": low, "high": high, "n": 96}

    points = [(80, 0.71, 0.64, 0.78), (160, 0.8, 0.74, 0.86), (240, 0.85, 0.79, 0.9), (320, 0.88, 0.828, 0.922)]
    return {
        "run": "support-triage/003",
        "student": "lora",
        "metric": "json_fields",
        "measure": "of the fields right",
        "test_rows": 96,
        "scored": 96,
        "seeds": 2,
        "interval": "95 %, bootstrapped over test rows and the 2 seeds, so that a training's own variance is in it",
        "points": [
            {
                "rows": rows,
                "score": estimate(mean, low, high),
                "seeds": [{"seed": seed, "mean": mean, "seconds": 1.5 * rows} for seed in (0, 1)],
            }
            for rows, mean, low, high in points
        ],
        "last_step": {"from_rows": 240, "to_rows": 320, "gain": estimate(0.03, 0.004, 0.06)},
        "doubling": {"rows": 640, "gain": 0.05, "low": 0.01, "high": 0.09},
        "price": {"usd": 0.0021, "bought": 320},
        "advice": {"word": "more", "sentence": "More rows help: 320 more cost about $0.67, at $0.0021 a row."},
    }


def of_rows(mean: float, low: float, high: float, n: int) -> dict[str, Any]:
    return {"mean": mean, "low": low, "high": high, "n": n, "small": n < 20}


def judging() -> dict[str, Any]:
    """Two judges, of which the first likes what comes first."""
    length = {"at_equal_length": of_rows(0.47, 0.4, 0.54, 96), "adds": of_rows(0.06, 0.02, 0.1, 96), "note": ""}
    biases = [
        {
            "judge": name,
            "pairs": 80,
            "inconsistent": flips,
            "position": of_rows(place, place - 0.03, place + 0.03, 80),
            "length": length,
        }
        for name, flips, place in (("gpt-6-luna", 21, 0.13), ("claude-sonnet-5", 3, 0.01))
    ]
    pair = {
        "seed_id": "aa00", "input": "Where is it?", "student": "On its way.", "other": "Gone.", "outcome": 1.0,
        "reason": "gpt-6-luna: the first one answers",
    }  # fmt: skip
    agreement = {
        "n": 60, "unscored": 0, "agreement": of_rows(0.85, 0.74, 0.92, 60), "kappa": 0.7, "ac1": 0.71, "good": 30, "false_drops": 3,
        "false_keeps": 6, "false_drops_by_stratum": [],
    }  # fmt: skip
    return {
        "judges": ["gpt-6-luna", "claude-sonnet-5"],
        "dimensions": {"accuracy": "it is right", "style": "it is kind"},
        "at_least": 4.0,
        "scored": 190,
        "unscored": 2,
        "pending": 0,
        "unread": {"unreadable: bad JSON at character 1": 2},
        "pass_rates": [
            {"arm": "student", "passed": of_rows(0.8, 0.71, 0.87, 96), "corrected": of_rows(0.74, 0.6, 0.88, 96)},
            {"arm": "teacher", "passed": of_rows(0.9, 0.82, 0.95, 96), "corrected": None},
        ],
        "agreement": [{"judges": ["gpt-6-luna", "claude-sonnet-5"], "n": 190, "same": 0.88, "ac1": 0.8}],
        "reliability": {
            "agreement": agreement, "sensitivity": of_rows(0.9, 0.74, 0.97, 30), "specificity": of_rows(0.8, 0.63, 0.9, 30), "why_not": "",
        },
        "pairs": [
            {
                "other": "teacher", "wins": 40, "ties": 20, "losses": 36, "equal": 16, "inconsistent": 4, "unjudged": 0,
                "win_rate": of_rows(0.52, 0.44, 0.6, 96), "length": length, "by_judge": biases, "best": [pair],
                "worst": [{**pair, "outcome": 0.0}],
            }
        ],
        "warnings": [],
    }  # fmt: skip
