"""What a made-up report says of the rows: the exam, and what curation lost and why."""

from __future__ import annotations

from typing import Any

from report_figures import estimate


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
