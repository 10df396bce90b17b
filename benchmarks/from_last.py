"""An adapter that begins with the weights of the last one, beside one that begins afresh: which student ends better after a refresh.

    python benchmarks/from_last.py [--rows 400] [--tests 60] [--epochs 2] [--base embedded/smollm2-135m]
    python benchmarks/from_last.py --base tiny --rows 600 --tests 100 --epochs 30

Two teachers on 127.0.0.1 that differ in 2 of 10 strata, and a LoRA student on the embedded model, or with `--base tiny` on two layers of random
weights, which train in a minute. A first run learns from the old teacher. The same
refresh is then done twice, `--from last` and `--from fresh`, and both students answer the same test rows: the difference is paired, by agreement
with the new teacher, over all of them and over those of the two strata. Losses are of the same validation rows.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

NEW = "teacher.model=new"
ALWAYS = ("evaluate.probes=none", "teacher.sampling={max_tokens: 24}")
"""Nothing is asked but the test rows; an answer is a few tokens long."""


async def measured(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Both students' agreement, losses by step, and the paired differences."""
    from tiny_llama import write_tiny
    from two_teachers import CHANGED, many, serve

    from distill.pipeline import run as running
    from distill.pipeline.open_task import open_task
    from distill.plan.refresh.probe import probe
    from distill.task.run import ORDER
    from distill.teacher.progress import Silent

    spec = many(folder / "last", rows=given.rows, tests=given.tests)
    train = f"student.train={{with: lora, base: {given.base}, preset: tiny, epochs: {given.epochs}}}"
    if given.base == "tiny":
        (folder / "base").mkdir()
        own = f"base: {write_tiny(folder / 'base')}, rank: 32, layers: null, learning_rate: 0.01, batch_size: 8"
        train = f"student.train={{with: lora, {own}, epochs: {given.epochs}}}"
    runs: dict[str, Path] = {}
    async with serve() as teachers:

        def task(path: Path, *sets: str) -> Any:
            return open_task(path, overrides=(train, *ALWAYS, *sets), env={"OPENAI_BASE_URL": teachers.base_url})

        first = await running.work(task(spec), stages=ORDER, watch=Silent())
        shutil.copytree(folder / "last", folder / "fresh")
        for way in ("last", "fresh"):
            sets = (NEW, f"student.train.from={way}")
            plan = await probe(task(folder / way / "task.yaml", *sets))
            done = await running.work(
                task(folder / way / "task.yaml", *sets), stages=ORDER, watch=Silent(), refresh=plan.relabel or True
            )
            runs[way] = done.folder
    scores = {way: agreement(path) for way, path in runs.items()}
    strata = strata_of(runs["last"])
    return {
        "rows": given.rows, "tests": len(strata), "epochs": given.epochs, "first": mean(agreement(first.folder)),
        "agreement": {way: mean(found) for way, found in scores.items()},
        "last_minus_fresh": difference(scores, list(strata)),
        "in_changed_strata": difference(scores, [seed for seed, stratum in strata.items() if stratum in CHANGED]),
        "in_the_others": difference(scores, [seed for seed, stratum in strata.items() if stratum not in CHANGED]),
        "loss": {way: json.loads((path / "student" / "loss.json").read_bytes()) for way, path in runs.items()},
    }  # fmt: skip


def agreement(folder: Path) -> dict[str, float]:
    """Test row → the student's agreement with the teacher of its run."""
    import polars as pl

    rows = pl.read_parquet(folder / "scores.parquet").filter(arm="student", metric="agreement").drop_nulls("value")
    return dict(rows.select("seed_id", "value").iter_rows())


def strata_of(folder: Path) -> dict[str, str]:
    """Test row → stratum."""
    import polars as pl

    tests = pl.read_parquet(folder / "seeds.parquet").filter(role="test").sort("seed_id")
    return dict(tests.select("seed_id", "stratum").iter_rows())


def mean(found: dict[str, float]) -> float:
    return round(sum(found.values()) / max(1, len(found)), 4)


def difference(scores: dict[str, dict[str, float]], seeds: list[str]) -> dict[str, Any] | None:
    """From last minus afresh on the test rows that both answered, with the 95 % interval."""
    from distill.stats import paired_difference

    both = [seed for seed in seeds if all(seed in found for found in scores.values())]
    if not both:
        return None
    gap = paired_difference([scores["last"][seed] for seed in both], [scores["fresh"][seed] for seed in both])
    return {name: round(value, 4) for name, value in dataclasses.asdict(gap).items() if name != "small"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--tests", type=int, default=60)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--base", default="embedded/smollm2-135m")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "last").mkdir()
        found = asyncio.run(measured(Path(scratch), given))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
