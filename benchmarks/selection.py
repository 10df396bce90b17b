"""Choosing 1 in 10 rows of 100 strata for variety: seconds of one core, and memory, for some rows and for ten times as many.

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

STRATA, KEPT = 100, 10


def measure(count: int) -> dict[str, float]:
    """Seconds and MiB of one choice among `count` rows, over what the table itself takes."""
    import polars as pl
    from duplicates import made

    from distill.curate.balance import balance

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
    outcome = balance(frame, quotas=quotas)
    seconds = time.process_time() - started
    assert outcome.kept.height == count // KEPT
    spread = outcome.report["spread"]
    assert isinstance(spread, dict)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": round(seconds, 1), "mib": (peak - before) // 1024, **spread, "rows": count}


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
    print(json.dumps({"sizes": found, "growth": round(found[1]["seconds"] / found[0]["seconds"], 1)}, indent=2))


if __name__ == "__main__":
    main()
