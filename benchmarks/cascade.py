"""Whether the bound on what a student answers alone holds: in simulated draws of known truth, and on rows of a file that no run saw.

    .venv/bin/python benchmarks/cascade.py simulate [--draws 1000]
    .venv/bin/python benchmarks/cascade.py labels FILE.json [--risk 0.05] [--calibration 300] [--draws 5]

`simulate` draws confidences and errors from worlds whose risk at every threshold is known, sets a threshold on n rows, and counts the draws
in which the true risk of what it keeps is above the allowed one; beside it the widest coverage whose bound is low enough, found by a sweep.

`labels` takes CLINC150's format: {"train": [[text, label], …], "test": …}. Of the 30 commonest labels 600 rows train a linear student, 300
test it, some more calibrate; each is a whole run of distill. The threshold that the run ships is then held against all other rows.
Prints a line a case, the last one as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.evaluate.selective import bound
from distill.evaluate.selective.threshold import JudgedRow, threshold

Floats = NDArray[np.float64]
ErrorRate = Callable[[Floats], Floats]
WORLDS: dict[str, ErrorRate] = {
    "errors fall fast": lambda sure: 0.3 * (1 - sure) ** 2,
    "errors fall": lambda sure: 0.5 * (1 - sure) ** 1.5,
    "errors fall slowly": lambda sure: 0.02 + 0.6 * (1 - sure),
    "a little above the risk everywhere": lambda sure: np.full_like(sure, 0.0505),
    "one step": lambda sure: np.where(sure > 0.6, 0.01, 0.5),
    "the surest are the worst": lambda sure: np.where(sure > 0.9, 0.12, 0.04),
    "confidence says nothing": lambda sure: np.full_like(sure, 0.08),
}
GRID = np.linspace(0, 1, 4001)


def swept(rows: list[JudgedRow], risk: float) -> float:
    """The threshold with the widest coverage whose bound is low enough, looked for among all: the way that is not taken."""
    ordered = sorted(rows, key=lambda row: -row.confidence)
    errors, found = 0, 1.0
    for kept, row in enumerate(ordered, 1):
        errors += row.wrong
        if bound.within(errors, kept, risk):
            found = ordered[kept].confidence if kept < len(ordered) else 0.0
    return found


def simulate(draws: int, risk: float) -> None:
    for rows in (100, 300):
        for name, rate in WORLDS.items():
            rng = np.random.default_rng(0)
            broken, sweeps, coverage = 0, 0, 0.0
            for _ in range(draws):
                sure = rng.random(rows)
                wrong = rng.random(rows) < rate(sure)
                judged = [JudgedRow(float(s), bool(w)) for s, w in zip(sure, wrong, strict=True)]
                found = threshold(judged, risk)
                broken += found.kept > 0 and above(rate, found.confidence, risk)
                coverage += 1 - found.confidence
                limit = swept(judged, risk)
                sweeps += limit < 1 and above(rate, limit, risk)
            print(json.dumps({
                "rows": rows, "risk": risk, "world": name, "draws": draws, "broken": broken / draws, "coverage": round(coverage / draws, 3),
                "broken_by_a_sweep": sweeps / draws,
            }), flush=True)  # fmt: skip


def above(rate: ErrorRate, limit: float, risk: float) -> bool:
    """Whether the true risk of what is kept above a threshold is more than allowed."""
    kept = limit + (1 - limit) * GRID
    return float(rate(kept).mean()) > risk


SPEC = """\
task: labels
seeds: {{from: seeds.jsonl, gold: gold, gold_rows: train, test: {{rows: 300, gold: true}}}}
strata: {{by: [kind]}}
teacher: {{model: scripted, output: answer.schema.json, terms: known labels alone, exam: {{rows: 0}}}}
dedup: {{near: 1.0}}
student: {{train: {{with: linear}}}}
evaluate: {{arms: [student], risk: {risk}, calibration: {{rows: {calibration}}}}}
"""


def labels(file: Path, *, risk: float, calibration: int, draws: int, intents: int = 30, train: int = 600) -> None:
    rows = [
        (text, label)
        for name, part in json.loads(file.read_bytes()).items()
        if not name.startswith("oos")
        for text, label in part
    ]
    common = [label for label, _ in Counter(sorted(label for _, label in rows)).most_common(intents)]
    rows = list(dict.fromkeys((text, label) for text, label in rows if label in common))
    broken = []
    for draw in range(draws):
        with tempfile.TemporaryDirectory() as folder:
            found = one_run(Path(folder), rows, common, risk, (train, calibration), draw)
        print(json.dumps({"draw": draw, **found}), flush=True)
        broken.append(found["kept_of_rest"] > 0 and found["risk_of_rest"] > risk)
    print(json.dumps({"draws": draws, "broken": sum(broken)}))


def one_run(
    folder: Path, rows: list[tuple[str, str]], common: list[str], risk: float, sizes: tuple[int, int], draw: int
) -> dict[str, Any]:
    """A run on a part of the rows, and what its threshold does on all others."""
    from distill.evaluate.selective import nearness, routing
    from distill.pipeline import run as running
    from distill.pipeline.open_task import open_task
    from distill.student.trainers import linear
    from distill.task.run import ORDER
    from distill.teacher.progress import Silent

    train, calibration = sizes
    mixed = random.Random(draw).sample(rows, len(rows))
    used, rest = mixed[: train + 300 + calibration], mixed[train + 300 + calibration :]
    lines = [json.dumps({"message": text, "gold": {"label": label}, "kind": label}) for text, label in used]
    (folder / "seeds.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "answer.schema.json").write_text(
        json.dumps({"type": "object", "properties": {"label": {"enum": common}}, "required": ["label"]})
    )
    (folder / "teacher.md").write_text("Which intent?\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("Which intent?\n[user]\n{{message}}\n")
    (folder / "task.yaml").write_text(SPEC.format(risk=risk, calibration=calibration))
    result = running.start(open_task(folder / "task.yaml", env={}), stages=ORDER, watch=Silent())
    comparison = json.loads((result.folder / "comparison.json").read_bytes())
    found = comparison["selective"]
    where = routing.read(result.folder / routing.FILE)
    near = nearness.load(result.folder / routing.VECTORS, where.floor)
    model = linear.load(result.folder / "student" / "linear.npz")
    texts = [text for text, _ in rest]
    said = zip(model.predict(texts), near.nearest(texts), rest, strict=True)
    kept = [
        one.answer != {"label": label}
        for one, close, (_, label) in said
        if where.keeps(confidence=one.confidence, nearness=float(close))
    ]
    return {
        "threshold": where.threshold, "calibration": found["threshold"], "test_coverage": found["coverage"], "test_risk": found["risk"],
        "accuracy": comparison["arms"]["student"]["metrics"]["json_fields"]["mean"], "rest": len(rest),
        "kept_of_rest": len(kept), "coverage_of_rest": len(kept) / len(rest), "risk_of_rest": sum(kept) / max(1, len(kept)),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--risk", type=float, default=0.05)
    parser.add_argument("--draws", type=int)
    parser.add_argument("--calibration", type=int, default=300)
    ways = parser.add_subparsers(dest="way", required=True)
    ways.add_parser("simulate")
    ways.add_parser("labels").add_argument("file", type=Path)
    given = parser.parse_args()
    if given.way == "simulate":
        simulate(given.draws or 1000, given.risk)
    else:
        labels(given.file, risk=given.risk, calibration=given.calibration, draws=given.draws or 5)


if __name__ == "__main__":
    main()
