"""A LoRA training on a CPU beside other busy programs, as a ratio to the same training without them.

    python benchmarks/busy_training.py [--rows 48] [--busy 4] [--layers 6]

The embedded model is trained on made rows of some 150 tokens, one epoch; first alone, then beside `--busy` processes that count. Both give the
same losses, to the last digit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTS = "while True: pass"
WORDS = ("parcel", "refund", "invoice", "login", "screen", "battery", "address", "voucher", "courier", "receipt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=48)
    parser.add_argument("--busy", type=int, default=4, help="programs beside the second training")
    parser.add_argument("--layers", type=int, default=6, help="layers that learn, as in the example")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(Path(folder), given)))


def measured(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Seconds of both trainings, their ratio (goal: at most 3), and whether they gave the same."""
    from distill.base_model.local import LocalWeights
    from distill.teacher.engines import embedded

    base = LocalWeights(str(embedded.gguf()), folder, folder / "cache").folder()
    (folder / "rows.jsonl").write_text("".join(row(n) for n in range(given.rows)))
    alone, first = trained(base, folder, given.layers, "alone")
    with counting(given.busy):
        beside, second = trained(base, folder, given.layers, "beside")
    return {
        "cores": len(os.sched_getaffinity(0)), "rows": given.rows, "busy_programs": given.busy, "alone_s": round(alone, 1),
        "beside_s": round(beside, 1), "ratio": round(beside / alone, 2), "goal": 3, "same_losses": first == second,
    }  # fmt: skip


def row(n: int) -> str:
    """One chat row; its text follows from its number."""
    text = " ".join(f"{WORDS[(n * 7 + at * at) % len(WORDS)]} {(n * 31 + at) % 97}" for at in range(30 + n % 9))
    answer = json.dumps({"intent": WORDS[n % len(WORDS)], "urgency": n % 3})
    return (
        json.dumps({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]}) + "\n"
    )


def trained(base: Path, folder: Path, layers: int, name: str) -> tuple[float, list[float | None]]:
    """Seconds of a training, and its loss at each step."""
    from distill.student.trainers import fine_tuning

    rows, settings = folder / "rows.jsonl", fine_tuning.TuningSettings(epochs=1, layers=layers)
    began = time.monotonic()
    found = fine_tuning.train(fine_tuning.TuningFiles(base, rows, rows, folder / name), settings)
    return time.monotonic() - began, [step.train_loss for step in found.steps]


@contextmanager
def counting(programs: int) -> Iterator[None]:
    """Programs that keep a core busy each until the block ends."""
    with ExitStack() as ended:
        for _ in range(programs):
            one = subprocess.Popen([sys.executable, "-c", COUNTS])
            ended.callback(one.wait)
            ended.callback(one.kill)
        yield


if __name__ == "__main__":
    main()
