"""A routing task with real queries: linear, embedding, prompted base and LoRA student in one report, by `distill run`.

Needs CLINC150 as one file, which does not come with the project:

    python benchmarks/clinc.py clinc150_full.json [--intents 30] [--train 600] [--test 300] [--epochs 4] [--out FOLDER]
    python benchmarks/clinc.py clinc150_full.json --cheap      linear and embedding alone, 150 and 600 rows, three draws; a minute

Makes a task folder with so many intents, rows that train (their answers are known) and test rows (known too), and runs it. The teacher is the
embedded model with a prompt that lists the intents, so it is the prompted base, and asked once. Prints one JSON object: right answers and
footprint by arm, the verdict, and the minutes that each stage took.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

GOAL_MINUTES = 20
TASK = """\
task: clinc
seeds: {from: seeds.jsonl, gold: intent, gold_rows: train, test: {from: test.jsonl}}
teacher:
  model: embedded/smollm2-135m
  output: answer.schema.json
  sampling: {temperature: 0, max_tokens: 24}
  exam: {rows: 0}
student: {train: {with: lora, base: embedded/smollm2-135m, layers: 15}}
evaluate: {arms: [teacher, prompted_base, linear, embedding, student]}
"""
STUDENT = "Name the intent of the query.\n[user]\n{{query}}\n"
TEACHER = "Name the intent of the query as JSON. It is one of: INTENTS.\n[user]\n{{query}}\n"


def rows_of(file: Path, split: str, intents: list[str], count: int, chance: random.Random) -> list[dict[str, str]]:
    """So many rows of a split, as evenly over the intents as can be."""
    by_intent: dict[str, list[str]] = {intent: [] for intent in intents}
    for text, intent in json.loads(file.read_text("utf-8"))[split]:
        if intent in by_intent:
            by_intent[intent].append(text)
    drawn = [
        {"query": text, "intent": intent}
        for intent, texts in by_intent.items()
        for text in chance.sample(texts, -(-count // len(intents)))
    ]
    chance.shuffle(drawn)
    return drawn[:count]


def make(folder: Path, file: Path, *, intents: int, train: int, test: int, seed: int) -> None:
    """The task's folder: its spec, prompts, schema and rows."""
    chance = random.Random(seed)
    every = sorted({intent for _, intent in json.loads(file.read_text("utf-8"))["train"]})
    chosen = sorted(chance.sample(every, intents))
    schema = {"type": "object", "properties": {"intent": {"enum": chosen}}, "required": ["intent"]}
    texts = {
        "task.yaml": TASK,
        "student.md": STUDENT,
        "teacher.md": TEACHER.replace("INTENTS", ", ".join(chosen)),
        "answer.schema.json": json.dumps(schema),
    }
    for name, count in {"seeds.jsonl": ("train", train), "test.jsonl": ("test", test)}.items():
        drawn = rows_of(file, count[0], chosen, count[1], chance)
        texts[name] = "".join(json.dumps({**row, "intent": {"intent": row["intent"]}}) + "\n" for row in drawn)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")


def cheap(file: Path, intents: int, test: int) -> list[dict[str, Any]]:
    """Right answers of the linear model and of the one over word vectors, by training rows and draw."""
    from distill.student.trainers import linear
    from distill.student.trainers.embedding import model as embedding

    found: list[dict[str, Any]] = []
    for draw in range(3):
        chance = random.Random(draw)
        every = sorted({intent for _, intent in json.loads(file.read_text("utf-8"))["train"]})
        chosen = sorted(chance.sample(every, intents))
        for count in (150, 600):
            train = rows_of(file, "train", chosen, count, chance)
            held = rows_of(file, "test", chosen, test, chance)
            line: dict[str, Any] = {"draw": draw, "train": count, "test": len(held)}
            for name, trainer in {"linear": linear, "embedding": embedding}.items():
                answers = [{"intent": row["intent"]} for row in train]
                model = trainer.train([row["query"] for row in train], answers, enumerated=["intent"])
                assert model is not None
                said = model.predict([row["query"] for row in held])
                right = sum(one.answer["intent"] == row["intent"] for one, row in zip(said, held, strict=True))
                line[name] = round(right / len(held), 4)
            found.append(line)
    return found


def run(folder: Path, epochs: float, sets: list[str]) -> dict[str, Any]:
    """`distill run` of the folder, and what its files say."""
    given = [f"student.train.epochs={epochs:g}", *sets]
    started = time.monotonic()
    command = [sys.executable, "-m", "distill", "run", "task.yaml", *(part for one in given for part in ("--set", one))]
    done = subprocess.run(command, cwd=folder, check=False, stdout=sys.stderr)
    minutes = (time.monotonic() - started) / 60
    made = folder / "runs" / "clinc" / "001"
    found = json.loads((made / "comparison.json").read_bytes())
    stages = json.loads((made / "manifest.json").read_bytes())["stages"]
    arms = {
        name: {"right": round(arm["metrics"][found["metric"]]["mean"], 4), **found["footprints"].get(name, {})}
        for name, arm in found["arms"].items()
        if found["metric"] in arm["metrics"]
    }
    return {
        "rows": found["rows"], "exit": done.returncode, "minutes": round(minutes, 1),
        "stage_seconds": {name: stage["seconds"] for name, stage in stages.items()},
        "arms": arms, "verdict": found["verdict"]["sentences"], "warnings": found["warnings"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("file", type=Path, help="clinc150_full.json")
    parser.add_argument("--intents", type=int, default=30)
    parser.add_argument("--train", type=int, default=600)
    parser.add_argument("--test", type=int, default=300)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set", action="append", default=[], help="a setting of the spec, as `distill run --set` takes it"
    )
    parser.add_argument("--out", type=Path, help="the task's folder; default: one that is removed at the end")
    parser.add_argument("--cheap", action="store_true", help="linear and embedding alone, without a run")
    given = parser.parse_args()
    if given.cheap:
        print(json.dumps(cheap(given.file, given.intents, 600), indent=2))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, given.file.resolve(), intents=given.intents, train=given.train, test=given.test, seed=given.seed)
        found = run(folder, given.epochs, given.set)
    print(json.dumps(found, indent=2))
    if found["minutes"] > GOAL_MINUTES:
        sys.exit(1)


if __name__ == "__main__":
    main()
