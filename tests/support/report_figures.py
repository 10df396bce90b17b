"""Estimates and arms of a made-up report, as report.json has them."""

from __future__ import annotations

from typing import Any


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


def of_rows(mean: float, low: float, high: float, n: int) -> dict[str, Any]:
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
