"""A new teacher that differs in 2 of 10 strata: whether a refresh finds those two, what it asks, and what its student loses to a full relabel.

    .venv/bin/python benchmarks/refresh.py [--rows 2000] [--tests 150]

Two teachers on 127.0.0.1 and a linear student. The same first run is refreshed twice: by `distill refresh`, and with every row asked anew.
Both students are scored by the new teacher's own answers to the same test rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

os.environ.setdefault("POLARS_MAX_THREADS", "2")
NEW = "teacher.model=new"


async def measured(folder: Path, rows: int, tests: int) -> dict[str, Any]:
    """Strata found, requests of each way, seconds, and both students' share of answers as the new teacher's."""
    from two_teachers import CHANGED, many, serve

    from distill.pipeline import run as running
    from distill.pipeline.open_task import open_task
    from distill.plan.refresh.probe import probe
    from distill.task.run import ORDER
    from distill.teacher.progress import Silent

    spec = many(folder / "chosen", rows=rows, tests=tests)
    async with serve() as teachers:

        def task(path: Path, *sets: str) -> Any:
            return open_task(path, overrides=sets, env={"OPENAI_BASE_URL": teachers.base_url})

        await running.work(task(spec), stages=ORDER, watch=Silent())
        started = time.perf_counter()
        unchanged = await probe(task(spec))
        unchanged_s, asked = time.perf_counter() - started, teachers.asked.total()
        shutil.copytree(folder / "chosen", folder / "full")
        started = time.perf_counter()
        plan = await probe(task(spec, NEW))
        probe_s, probed = time.perf_counter() - started, teachers.asked["new"]
        part = await running.work(task(spec, NEW), stages=ORDER, watch=Silent(), refresh=plan.relabel or True)
        of_part = teachers.asked["new"]
        whole = await running.work(task(folder / "full" / "task.yaml", NEW), stages=ORDER, watch=Silent(), refresh=True)
        of_whole = teachers.asked["new"] - of_part
    return {
        "rows": rows,
        "nothing_changed": {"requests": asked - rows, "seconds": round(unchanged_s, 2), "said": unchanged.unchanged},
        "strata_found": plan.chosen, "right": plan.chosen == list(CHANGED), "probe_requests": probed, "probe_s": round(probe_s, 2),
        "requests": of_part, "requests_of_a_full_relabel": of_whole, "share_asked": round(of_part / of_whole, 3),
        "student": agreement(part.folder), "student_of_a_full_relabel": agreement(whole.folder),
    }  # fmt: skip


def agreement(folder: Path) -> float:
    """Share of the test rows that the student answers as the new teacher does."""
    found = json.loads((folder / "comparison.json").read_bytes())
    return round(found["arms"]["student"]["metrics"]["agreement"]["mean"], 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--tests", type=int, default=150)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "chosen").mkdir()
        found = asyncio.run(measured(Path(scratch), given.rows, given.tests))
    print(json.dumps(found, indent=2))
    ok = (
        found["right"]
        and found["share_asked"] <= 0.35
        and found["student"] >= found["student_of_a_full_relabel"] - 0.01
    )
    sys.exit(0 if ok and found["nothing_changed"] == found["nothing_changed"] | {"requests": 0, "said": True} else 1)


if __name__ == "__main__":
    main()
