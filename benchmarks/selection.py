"""Choosing rows for variety: what several ways keep of the example messages, and what it costs.

    ways      means over 40 random halves of the messages, 20 of 300 kept: the table of docs/decisions/selection.md
    sizes     1 in 10 rows of 100 strata: seconds of one core, and memory, for some rows and for ten times as many

Each size runs in a process of its own, a minute in all. Prints one JSON object. Strata of 1,000 rows or fewer cost the square of
their size, larger ones no more a row.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distill.curate.selection.likeness import SAME, likeness, traits

Square = NDArray[np.float64]
MESSAGES = Path(__file__).parents[1] / "data" / "support_messages.jsonl"
STRATA, KEPT = 100, 10


def measure(count: int) -> dict[str, float]:
    """Seconds and MiB of one choice among `count` rows, over what the table itself takes."""
    import polars as pl
    from duplicates import made

    from distill.curate.selection.balance import Wanted, balance

    chance, texts = random.Random(3), made(20_000, 20)
    frame = pl.DataFrame(
        {
            "seed_id": [f"{chance.getrandbits(64):016x}" for _ in range(count)],
            "request_id": [f"r{n}" for n in range(count)],
            "stratum": [f"s{n % STRATA}" for n in range(count)],
            "input": [f"{chance.choice(texts)} {chance.choice(texts)[:40]} {n}" for n in range(count)],
            "answer": [f'{{"intent": "{n % 7}", "urgency": "low"}}' for n in range(count)],
            "score": [1.0 if chance.random() < 0.7 else 0.5 for _ in range(count)],
        }
    )
    quotas = {f"s{n}": count // STRATA // KEPT for n in range(STRATA)}
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    outcome = balance(frame, Wanted(quotas=quotas))
    seconds = time.process_time() - started
    assert outcome.kept.height == count // KEPT
    spread = outcome.report["spread"]
    assert isinstance(spread, dict)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": round(seconds, 1), "mib": (peak - before) // 1024, **spread, "rows": count}


def ways(kept: int = 20, halves: int = 40) -> dict[str, dict[str, float]]:
    """What several ways to choose keep of the example messages: means over random halves of them."""
    rows = [json.loads(line) for line in MESSAGES.read_text("utf-8").splitlines()]
    found = traits([row["message"] for row in rows], ["{}"] * len(rows))
    every = likeness(found, found).astype(np.float64)
    told: dict[str, list[list[float]]] = {}
    for half in range(halves):
        chance = random.Random(half)
        some = chance.sample(range(len(rows)), len(rows) // 2)
        alike = every[np.ix_(some, some)]
        picks = {"by hash": chance.sample(range(len(some)), kept)}
        for name, power in (("facility location", 0.0), ("facility location, crowded rows weighing less", 1.0)):
            picks[name] = facility(alike, kept, power)
        for name, power in (("farthest first, without the root", 0.0), ("farthest first, with the root", 0.5)):
            picks[name] = farthest(alike, kept, power)
        for name, pick in picks.items():
            told.setdefault(name, []).append(seen(alike[np.ix_(pick, pick)], [rows[some[i]] for i in pick]))
    names = ("distance", "kinds", "styles", "not English", "empty")
    return {
        name: dict(zip(names, np.mean(values, axis=0).round(2).tolist(), strict=True)) for name, values in told.items()
    }


def facility(alike: Square, count: int, power: float) -> list[int]:
    """Each pick covers the most; a row counts the less, the more are like it."""
    weights, covered = (alike.sum(axis=1) / SAME) ** -power, np.zeros(len(alike))
    picks: list[int] = []
    for _ in range(count):
        gains = np.maximum(alike - covered, 0) @ weights
        gains[picks] = -1
        picks.append(int(gains.argmax()))
        covered = np.maximum(covered, alike[picks[-1]])
    return picks


def farthest(alike: Square, count: int, power: float) -> list[int]:
    """Each pick is the farthest from the nearest one, times a power of its mean likeness to all."""
    typical, far = alike.mean(axis=1) ** power, np.full(len(alike), float(SAME))
    picks: list[int] = []
    for _ in range(count):
        gains = far * typical
        gains[picks] = -1
        picks.append(int(gains.argmax()))
        far = np.minimum(far, SAME - alike[picks[-1]])
    return picks


def seen(alike: Square, rows: list[dict[str, str]]) -> list[float]:
    """What is in a choice: distances, kinds, styles, foreign rows, empty ones."""
    np.fill_diagonal(alike, 0)
    return [
        float(1 - alike.max(axis=1).mean() / SAME),
        len({(row["intent"], row["style"]) for row in rows}),
        len({row["style"] for row in rows}),
        sum(row["language"] != "en" for row in rows),
        sum(row["style"] == "empty" for row in rows),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--alone", action="store_true", help="measure --rows in this process")
    given = parser.parse_args()
    if given.alone:
        print(json.dumps(measure(given.rows)))
        return
    one_core = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    found = []
    for rows in (given.rows // 10, given.rows):
        call = [sys.executable, __file__, "--alone", "--rows", str(rows)]
        found.append(json.loads(subprocess.run(call, env=one_core, check=True, capture_output=True).stdout))
    print(
        json.dumps(
            {"ways": ways(), "sizes": found, "growth": round(found[1]["seconds"] / found[0]["seconds"], 1)}, indent=2
        )
    )


if __name__ == "__main__":
    main()
