"""A million logged calls by the checks that need no model, and whether days are raised that should be, and no others.

    .venv/bin/python benchmarks/monitor.py [--rows 1000000] [--days 10] [--runs 20]

A linear student of 2,000 seeds; the log is of calls that are drawn as the seeds were, and on its last day 5 % are of another kind. Then
20 sequences of 100 clean days with a look each against each of 20 runs, and a day with 5 % of another kind behind them. What counts is CPU seconds: another process
on the machine changes the others.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

START = 1_761_955_200
"""2025-11-01 in UTC."""


def made_run(folder: Path, *, seed: int = 0, rows: int = 2000, tests: int = 400) -> Path:
    """A finished run of a linear student."""
    from logged import written

    from distill.pipeline import run as running
    from distill.pipeline.open_task import open_task
    from distill.task.run import ORDER
    from distill.teacher.progress import Silent

    spec = written(folder, seed=seed, rows=rows, tests=tests)
    running.start(open_task(spec, env={}), stages=ORDER, watch=Silent())
    return spec


def write_log(path: Path, *, days: int, rows: int, planted: float, seed: int) -> None:
    """`rows` calls over `days` days; on the last one a share of another kind."""
    from logged import call, message, other_kind

    draw, each = random.Random(seed), rows // days
    with path.open("w") as log:
        for day in range(days):
            for n in range(each):
                odd = day == days - 1 and draw.random() < planted
                text, mood = other_kind(draw) if odd else message(draw)
                log.write(json.dumps(call(text, mood, START + day * 86400 + n * 86400 // each)) + "\n")


def large(folder: Path, rows: int, days: int) -> dict[str, Any]:
    """The command on a large log: its CPU seconds, its memory, and what it raises."""
    spec, log = made_run(folder), folder / "calls.jsonl"
    write_log(log, days=days, rows=rows, planted=0.05, seed=1)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    said = subprocess.run(
        [sys.executable, "-m", "distill", "monitor", str(spec), str(log), "--json"], capture_output=True, check=False
    )
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert said.returncode == 4, said.stderr.decode()
    found = json.loads(said.stdout)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    raised = {one["name"]: one["alarms"] for one in found["signals"] if one["alarms"]}
    return {
        "rows": found["new_calls"], "megabytes": log.stat().st_size // 10**6, "seconds": round(took, 1), "cpu_seconds": round(cpu, 1),
        "rows_per_cpu_second": round(rows / cpu), "peak_mib": after.ru_maxrss // 1024, "last_day": found["days"][-1]["day"], "raised": raised,
    }  # fmt: skip


def figures(run: int, *, seeds: int, tests: int) -> tuple[dict[str, Any], dict[str, float], float]:
    """A run's own counts by signal, the true rates of these signals, and how often inputs of another kind are far.

    The signals of inputs are computed; those of answers have a rate of 1 %.
    """
    import numpy as np
    import polars as pl
    from logged import message, other_kind

    from distill.lifecycle.monitor.rates.known_inputs import Count, input_flags, known_inputs
    from distill.lifecycle.monitor.rates.signals import FAR, LANGUAGE, LENGTH, SHOWS

    draw, chance = random.Random(run), np.random.default_rng(run)
    texts = [message(draw)[0] for _ in range(seeds)]
    rows = pl.DataFrame({"input": texts, "labels": [None] * seeds}, schema={"input": pl.String, "labels": pl.String})
    known = known_inputs(rows, texts[tests:])
    counts = {
        **known.counts,
        **{name: Count(int(chance.binomial(tests, 0.01)), tests) for name in ("schema", "refusal", "length")},
    }
    fresh = input_flags([message(draw)[0] for _ in range(FRESH)], known, near=range(FRESH))
    odd = input_flags([other_kind(draw)[0] for _ in range(200)], known, near=range(200))
    rates = {
        name: float(fresh[SHOWS + name].drop_nulls().cast(pl.Float64).mean() or 0.0) for name in (FAR, LENGTH, LANGUAGE)
    }  # type: ignore[arg-type]  # of numbers
    return (
        counts,
        {**rates, **dict.fromkeys(("schema", "refusal", "length"), 0.01)},
        float(odd[SHOWS + FAR].cast(pl.Float64).mean()),
    )  # type: ignore[arg-type]  # ... as above


FRESH = 2_000


def watched(
    counts: dict[str, Any], rates: dict[str, float], odd: float, *, rows: int, days: int, seed: int
) -> tuple[list[str], list[str]]:
    """(what was raised on `days` clean days of `rows` calls with a look each, what on a day behind them with 5 % of another kind)."""
    import math

    import numpy as np

    from distill.lifecycle.monitor.rates.baseline import bounds
    from distill.lifecycle.monitor.rates.evidence import SignalEvidence, after
    from distill.lifecycle.monitor.rates.signals import FAR

    chance, false, planted = np.random.default_rng(seed), list[str](), list[str]()
    for bound in bounds(counts, alpha=0.01, tolerance=0.01, limits={}, ignore=("finish_reason",)):
        held, rate = SignalEvidence(), rates[bound.signal]
        last = 0.95 * rate + 0.05 * odd if bound.signal == FAR else rate
        for day, share in enumerate([rate] * days + [last]):
            held = after(held, day=f"{day:03d}", x=int(chance.binomial(rows, share)), n=rows, bound=bound.limit)
            if held.log >= -math.log(bound.level):
                (planted if day == days else false).append(bound.signal)
                held = SignalEvidence()
    return false, planted


def sequences(runs: int, times: int) -> list[dict[str, Any]]:
    """False alarms over many sequences of 100 clean days, and how often the planted day was raised on the day."""
    made = [figures(run, seeds=1200, tests=200) for run in range(runs)]
    found = []
    for rows in (500, 2_000, 50_000):
        seen = [
            watched(*one, rows=rows, days=100, seed=1000 * run + n)
            for run, one in enumerate(made)
            for n in range(times)
        ]
        found.append({
            "calls_a_day": rows, "runs": runs, "sequences": len(seen), "with_a_false_alarm": sum(bool(false) for false, _ in seen),
            "planted_raised_on_the_day": sum("far_input" in raised for _, raised in seen),
        })  # fmt: skip
    return found


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--days", type=int, default=10)
    options.add_argument("--runs", type=int, default=20)
    options.add_argument("--times", type=int, default=20)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        found: dict[str, Any] = {"large": large(home / "large", given.rows, given.days)} if given.rows else {}
        if given.runs:
            found["clean"] = sequences(given.runs, given.times)
    print(json.dumps(found, indent=2))
    assert all(one["with_a_false_alarm"] <= max(1, one["sequences"] // 100) for one in found.get("clean", ()))


if __name__ == "__main__":
    main()
