"""A task, a finished run of it, and logged calls that are drawn as its seeds were, or are of another kind."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import yaml

SPEC = {
    "task": "mood",
    "seeds": {"from": "seeds.jsonl", "gold": "expected", "gold_rows": "train", "test": {"rows": 80, "gold": True}},
    "strata": {"by": ["kind"]},
    "teacher": {"model": "scripted", "output": "answer.schema.json", "terms": "made up", "exam": {"rows": 0}},
    "dedup": {"near": 0.95},
    "student": {"train": {"with": "linear"}},
    "evaluate": {"arms": ["teacher", "student"]},
}
SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
THINGS = ["lamp", "kettle", "parcel", "jacket", "router", "blender", "bicycle", "printer", "sofa", "mirror", "carpet", "phone", "charger", "teapot", "ladder", "speaker"]
GLAD = ["lovely", "splendid", "bright", "cheerful", "perfect", "charming", "brilliant", "excellent"]
CROSS = ["broken", "late", "rude", "dreadful", "rusty", "leaky", "noisy", "torn"]
PLACES = ["kitchen", "hallway", "office", "garden", "bedroom", "cellar", "workshop", "attic"]
TIMES = ("yesterday", "today", "on Monday", "on Friday", "this morning", "last week", "in March", "an hour ago")
_ORDERS = ("my order of a {thing} arrived {time}", "the {thing} for the {place} came {time}", "I unpacked the {thing} in the {place} {time}")
_ENDS = ("and it is {mood}", "it looks {mood} and nothing else", "what a {mood} thing", "and I call that {mood}")


def message(draw: random.Random) -> tuple[str, str]:
    """(text, mood) as customers of a shop write."""
    mood = draw.choice(("glad", "cross"))
    words = {"thing": draw.choice(THINGS), "place": draw.choice(PLACES), "time": draw.choice(TIMES), "mood": draw.choice(GLAD if mood == "glad" else CROSS)}
    text = f"{draw.choice(_ORDERS)}, {draw.choice(_ENDS)}, number {draw.randrange(10**6)}".format(**words)
    return text, mood


def other_kind(draw: random.Random) -> tuple[str, str]:
    """The same for people who ask a bank of something else."""
    what = draw.choice(("mortgage", "overdraft", "savings plan", "pension", "credit score", "standing order"))
    how = draw.choice(("why did you change", "please explain", "how do I cancel", "who approved"))
    return f"{how} the interest upon our joint {what} agreement, ref {draw.randrange(10**6)}?", draw.choice(("glad", "cross"))


def call(text: str, mood: str, at: int, **beside: Any) -> dict[str, Any]:
    """A request and its response as a proxy logs them."""
    answer = json.dumps({"mood": mood}) if mood in ("glad", "cross") else mood
    return {
        "request": {"model": "mood-1", "messages": [{"role": "system", "content": "Mood?"}, {"role": "user", "content": text}]},
        "response": {
            "id": f"c-{at}", "created": at, "model": "mood-1",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}],
            "usage": {"prompt_tokens": 24, "completion_tokens": 7},
        },
        **beside,
    }  # fmt: skip


def written(folder: Path, *, seed: int = 0, rows: int = 600, tests: int = 120) -> Path:
    """The spec's path; all rows have a known answer."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    seeds = [{"message": text, "kind": "ab"[n % 2], "expected": {"mood": mood}} for n, (text, mood) in enumerate(message(draw) for _ in range(rows))]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in seeds))
    (folder / "answer.schema.json").write_text(json.dumps(SCHEMA))
    (folder / "teacher.md").write_text("Say the mood as JSON.\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    spec = {**SPEC, "seeds": {**SPEC["seeds"], "test": {"rows": tests, "gold": True}}}  # type: ignore[dict-item]  # a mapping of mappings
    (folder / "task.yaml").write_text(yaml.safe_dump(spec))
    return folder / "task.yaml"
