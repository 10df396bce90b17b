"""Short approved rows through `distill curate --on disk`: memory, seconds by step, and whether time grows as the rows do.

    python benchmarks/on_disk.py --rows 10000000            a million first, then ten; prints one JSON object
    python benchmarks/scale.py --rows 10000000              the same

The rows are made here, block by block and alike each time: messages of 6 to 14 words, answers of two labels and some words. Of a hundred
rows three repeat another, four differ from another by punctuation or a letter, two by a number, and two have a fault that a gate is there for.
Half of the rows are wanted, over 20 strata; all gates that need no model are on. Each size runs in a process of its own, whose peak memory the
system tells. `--base 0` leaves the smaller size out; `--folder` is where the files lie, which takes some 1 GB a million rows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml
from curation import KNOWN

INTENTS = [f"intent {n}" for n in range(20)]
WEIGHTS = list(accumulate(1 / (rank + 12) for rank in range(len(KNOWN))))
BLOCK = 100_000
SCHEMA = {
    "type": "object",
    "properties": {
        "intent": {"enum": INTENTS},
        "urgency": {"enum": ["low", "normal", "high"]},
        "reply": {"type": "string"},
    },
    "required": ["intent", "urgency", "reply"],
    "additionalProperties": False,
}
GATES: list[Any] = [
    "schema", "finish_reason", "refusal", {"length": {"max_tokens": 400, "spread": 8}}, "boilerplate", "echo",
    {"form": {"lacks": ["TODO"], "max_sentences": 40}}, "repetition", "language", "agreement", "secrets", "pii",
]  # fmt: skip


def blocks(rows: int) -> Iterator[list[dict[str, object]]]:
    """The rows in blocks; each block is made by a chance of its own."""
    for start in range(0, rows, BLOCK):
        chance = random.Random(f"rows from {start}")
        block: list[dict[str, object]] = []
        for number in range(start, min(start + BLOCK, rows)):
            block.append(_row(chance, number, block))
        yield block


def _row(chance: random.Random, number: int, before: list[dict[str, object]]) -> dict[str, object]:
    text, dice = _words(chance, 6, 14), chance.random()
    if before and dice < 0.09:
        other = str(chance.choice(before)["message"])
        near = (f"{other}!", f"{other}?", other.replace("e", "", 1), f"please {other}")
        text = other if dice < 0.03 else chance.choice(near) if dice < 0.07 else f"{other} {number}"
    reply = f"{_words(chance, 3, 8)}."
    if dice > 0.98:
        reply = chance.choice(
            ("I'm sorry, but I can't help with that.", "write to jo@mail.org", "again and again " * 20)
        )
    intent = INTENTS[number % len(INTENTS)]
    return {"message": text, "intent": intent, "expected": {"intent": intent, "urgency": "normal", "reply": reply}}


def _words(chance: random.Random, fewest: int, most: int) -> str:
    return " ".join(chance.choices(KNOWN, cum_weights=WEIGHTS, k=chance.randint(fewest, most)))


def write(folder: Path, rows: int, gates: list[Any]) -> None:
    """A task of so many approved rows."""
    folder.mkdir(parents=True)
    with (folder / "seeds.jsonl").open("w", encoding="utf-8") as file:
        for block in blocks(rows):
            file.writelines(json.dumps(row) + "\n" for row in block)
    (folder / "answer.schema.json").write_text(json.dumps(SCHEMA))
    (folder / "prompt.md").write_text("Sort the message.\n\n[user]\n{{message}}\n")
    task = {
        "task": "many", "about": "Sort messages.",
        "seeds": {"from": "seeds.jsonl", "gold": "expected", "gold_rows": "train", "test": {"rows": 1000, "gold": True}},
        "strata": {"by": ["intent"]},
        "teacher": {"model": "embedded/smollm2-135m", "prompt": "prompt.md", "output": "answer.schema.json"},
        "gates": gates, "dedup": {"compare": ["intent", "urgency"]}, "dataset": {"accept": rows // 2, "valid": 0.02},
        "student": {"prompt": "prompt.md", "train": {"with": "none"}}, "evaluate": {"arms": ["teacher"], "metrics": ["schema"]},
    }  # fmt: skip
    (folder / "task.yaml").write_text(yaml.safe_dump(task, sort_keys=False))


def one(home: Path, rows: int, gates: list[Any]) -> dict[str, object]:
    """What a size takes, its rows by fate, and whether they add up."""
    folder = home / str(rows)
    write(folder, rows, gates)
    started = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "distill", "curate", str(folder / "task.yaml"), "--on", "disk"],
        stdout=subprocess.DEVNULL,
    )
    spilled = _watched(child, folder)
    _, status, usage = os.wait4(child.pid, 0) if child.returncode is None else (0, 0, None)
    if status or usage is None:
        raise SystemExit(f"distill curate --on disk ended with {os.waitstatus_to_exitcode(status)}")
    seconds = time.monotonic() - started
    run = folder / "runs" / "many" / "001"
    funnel, stages = (
        json.loads((run / "funnel.json").read_bytes()),
        json.loads((run / "manifest.json").read_bytes())["stages"],
    )
    steps = {name: step for stage in stages.values() for name, step in stage["steps"].items()}
    lines = {name: sum(1 for _ in (run / f"{name}.jsonl").open("rb")) for name in ("train", "valid", "test")}
    read, kept = funnel["funnel"][0]["in"], funnel["kept"]
    dropped = _height(run / "dropped.parquet")
    conserved = read == rows == kept + lines["test"] + dropped and kept == lines["train"] + lines["valid"]
    return {
        "rows": rows, "seconds": round(seconds, 1), "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "rows_a_second": round(rows / seconds), "peak_mib": round(usage.ru_maxrss / 1024), "disk_mb": round(spilled / 1e6),
        "kept": kept, "dropped": dropped, "test": lines["test"], "conserved": conserved,
        "seconds_by_step": {name: step["seconds"] for name, step in steps.items()},
        "peak_mib_after_step": {name: step["peak_mib"] for name, step in steps.items()},
    }  # fmt: skip


def _watched(child: subprocess.Popen[bytes], folder: Path) -> int:
    """The most bytes that the run's folder held while the process worked; it is left for `wait4`."""
    most = 0
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(5)
        most = max(most, sum(_size(path) for path in (folder / "runs").rglob("*")))
    return most


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # taken away meanwhile
        return 0


def _height(path: Path) -> int:
    import polars as pl

    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def compared(rows: int, base: int, folder: Path | None, gates: list[Any] = GATES) -> dict[str, object]:
    """Both sizes, and how many times as long the larger one takes."""
    found: dict[str, object] = {}
    for size in [*([base] if base else []), rows]:
        with tempfile.TemporaryDirectory(dir=folder) as home:
            found[f"{size:,}"] = one(Path(home), size, gates)
            shutil.rmtree(Path(home) / str(size))
        print(json.dumps(found[f"{size:,}"]), file=sys.stderr, flush=True)
    if base:
        small, large = found[f"{base:,}"], found[f"{rows:,}"]
        assert isinstance(small, dict)
        assert isinstance(large, dict)
        found["times_as_long"] = round(large["seconds"] / small["seconds"], 2)
        found["times_as_much_cpu"] = round(large["cpu_seconds"] / small["cpu_seconds"], 2)
        found["times_as_many_rows"] = round(rows / base, 2)
    return found


def main() -> None:
    """One JSON object with both sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--base", type=int, default=1_000_000, help="the size that it is compared with; 0 for none")
    parser.add_argument("--folder", type=Path, help="where the files lie meanwhile")
    parser.add_argument(
        "--few-gates", action="store_true", help="four gates: the memory is the same, the time about half"
    )
    given = parser.parse_args()
    print(json.dumps(compared(given.rows, given.base, given.folder, GATES[:4] if given.few_gates else GATES), indent=2))


if __name__ == "__main__":
    main()
