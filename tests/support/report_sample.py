"""A whole report as report.json has it: the support-triage task, with a teacher that costs money."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ablations import ABLATION
from report_figures import arm, cell, estimate, gap, heat, spend
from report_judged import judging, learning_curve
from report_rows import curation, exam


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
        "models": {"teacher": "gpt-large-2026", "student": "embedded/smollm2-135m", "base": "embedded/smollm2-135m"},
        "seeds": {"means": [0.882, 0.878], "deviation": 0.003, "n": 96},
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
        "endpoints": [
            {
                "endpoint": f"gpu-{n}:8000/v1",
                "sends": 60,
                "answered": 57,
                "rate_limited": 1,
                "failed": 1,
                "open": 1,
                "prompt_tokens": 30_000,
                "completion_tokens": 1_900,
                "usd": 0.96,
                "seconds": 41.5,
            }
            for n in (1, 2)
        ],
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
