"""A task of ten strata and two teachers on 127.0.0.1 that differ in two of them: `old` and `new`, and any other model answers as `old`.

    task = many(folder, rows=400)
    async with serve() as teachers:        # teachers.base_url, teachers.asked: requests by model

A row says its mood by one word, and its kind by another. Of the kinds `k2` and `k7` the new teacher says "calm". The model `judge`
answers questions of a judge as `teachers.judge` says. A model called `odd` says the contrary of kind `k3`, which a student does not learn
from few rows. Who is asked for a new seed takes the one that it is shown with other words.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from distill.records import Request
from distill.testing.judges import BiasedJudge

CHANGED = ("k2", "k7")
MOODS = {"glad": ("lovely", "thanks", "great", "superb"), "cross": ("awful", "never", "broken", "furious")}
SPEC = """\
task: mood
seeds: {from: seeds.jsonl, test: {rows: %d}}
strata: {by: [kind]}
teacher: {model: old, output: answer.schema.json, terms: made up, exam: {rows: 0}}
gates: [schema]
student: {train: {with: linear}}
evaluate: {arms: [teacher, student]}
"""


@dataclass(slots=True)
class Teachers:
    """What they were asked."""

    base_url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    judge: BiasedJudge = field(default_factory=lambda: prefers("calm"))


def prefers(word: str, ties: float = 0.0, first: float = 0.0) -> BiasedJudge:
    """A judge that finds answers with a word the better ones; `first` makes it go with the order."""
    return BiasedJudge(lambda text: 9.0 if word in text else -9.0, ties=ties, first=first)


def mood(model: str, text: str) -> str:
    """What a teacher says of a row."""
    said = next(name for name, words in MOODS.items() if any(word in text for word in words))
    if model == "new" and any(kind in text for kind in CHANGED):
        return "calm"
    if model == "odd" and "k3" in text.split():
        return next(name for name in MOODS if name != said)
    return said


def new_seed(body: dict[str, Any]) -> str:
    """A seed of the group that is asked for: its kind, a mood, and words by a hash of the question."""
    asked = "\n".join(str(turn["content"]) for turn in body["messages"])
    draw = random.Random(f"{asked} {body.get('seed')}")
    kind = re.search(r"kind = (k\d)", asked)
    words = ["".join(draw.choices("abcdefghilmnoprstuv", k=6)) for _ in range(8)]
    message = " ".join(
        [kind[1] if kind else "k0", *words[:4], draw.choice(MOODS[draw.choice(list(MOODS))]), *words[4:]]
    )
    return json.dumps({"message": message})


def many(folder: Path, *, rows: int, tests: int = 60, gold: str = "") -> Path:
    """The task; with `gold`, a teacher's name, each row has that teacher's answer as the known one."""
    draw = random.Random(5)
    words = ["".join(draw.choices("abcdefghilmnoprstuv", k=6)) for _ in range(4000)]
    made = []
    for n in range(rows):
        kind, feeling = f"k{n % 10}", draw.choice(list(MOODS))
        message = " ".join([kind, *draw.sample(words, 4), draw.choice(MOODS[feeling]), *draw.sample(words, 4)])
        made.append({"message": message, "kind": kind} | ({"expected": {"mood": mood(gold, message)}} if gold else {}))
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
    schema = {"type": "object", "properties": {"mood": {"enum": [*MOODS, "calm"]}}, "required": ["mood"]}
    (folder / "answer.schema.json").write_text(json.dumps(schema))
    (folder / "teacher.md").write_text("Say the mood as JSON.\n[user]\n{{message}}\n")
    (folder / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    text = SPEC % tests
    (folder / "task.yaml").write_text(text.replace("seeds.jsonl,", "seeds.jsonl, gold: expected,") if gold else text)
    return folder / "task.yaml"


@asynccontextmanager
async def serve() -> AsyncIterator[Teachers]:
    """The teachers, on a free port until the block ends."""
    teachers = Teachers()

    async def chat(request: web.Request) -> web.Response:
        body = await request.json()
        model = str(body["model"])
        teachers.asked[model] += 1
        form = (body.get("response_format") or {}).get("json_schema") or {}
        if form.get("name") == "new_seed":
            answer = new_seed(body)
        elif model == "judge":
            answer = teachers.judge(Request("judge", body))
        else:
            answer = json.dumps({"mood": mood(model, body["messages"][-1]["content"])})
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 40, "completion_tokens": 6, "total_tokens": 46}
        return web.json_response(
            {"id": "x", "object": "chat.completion", "created": 0, "model": model, "choices": [choice], "usage": usage}
        )

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", chat)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    teachers.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield teachers
    finally:
        await runner.cleanup()
