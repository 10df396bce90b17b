"""What a made-up report says beside its own comparison: a learning curve, and two judges."""

from __future__ import annotations

from typing import Any

from report_figures import of_rows


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
