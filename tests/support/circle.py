"""A task whose world drifts, with its teacher on 127.0.0.1: seeds of three topics, and in production from some week on a fourth in new words.

spec = write_task(home)
with teacher() as base_url: …
log_week(home, 1, drifted=0.0)      # logs/week1.jsonl: what the promoted student answered, and whether users liked it
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

TOPICS = ("parcel", "invoice", "login")
NEW_TOPIC = "subscription"
WORDS = {"glad": ("lovely", "thanks", "great"), "cross": ("awful", "never", "broken")}
NEW_WORDS = {"glad": ("splendid", "smooth", "delighted"), "cross": ("dreadful", "stuck", "furious")}
START = 1_793_534_400
"""2026-11-01T12:00:00Z, when the first week begins."""
SPEC = """\
task: mood
about: The mood of a customer's message.
seeds: {from: [seeds.jsonl], test: {rows: 60}}
strata:
  by: [topic]
  labels:
    topic: "CASE WHEN message LIKE '%parcel%' THEN 'parcel' WHEN message LIKE '%invoice%' THEN 'invoice' WHEN message LIKE '%login%' THEN 'login' ELSE 'other' END"
teacher: {model: teacher-1, output: answer.schema.json, terms: made up, exam: {rows: 0}, price: {input: 0.1, output: 0.4}}
gates: [schema]
dataset: {accept: 180}
student: {train: {with: linear}}
evaluate: {arms: [teacher, student], margin: 0.1}
"""


def mood(text: str) -> str:
    """What the teacher says, and users find right."""
    return next(name for name in WORDS if any(word in text for word in (*WORDS[name], *NEW_WORDS[name])))


def messages(count: int, seed: int, drifted: float = 0.0) -> list[str]:
    """Messages of customers; a share of them is of the new topic and in its words."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        new = draw.random() < drifted
        topic, words = (NEW_TOPIC, NEW_WORDS) if new else (draw.choice(TOPICS), WORDS)
        others = ["".join(draw.choices("abcdefghilmnoprstuv", k=6)) for _ in range(8)]
        found.append(
            " ".join([*others[:3], topic, *others[3:5], draw.choice(words[draw.choice(list(words))]), *others[5:]])
        )
    return found


def write_task(home: Path) -> Path:
    """The task in a folder of its own, with 400 seeds."""
    (home / ".distill").mkdir()
    (home / "seeds.jsonl").write_text("".join(json.dumps({"message": text}) + "\n" for text in messages(400, 1)))
    schema = {"type": "object", "properties": {"mood": {"enum": list(WORDS)}}, "required": ["mood"]}
    (home / "answer.schema.json").write_text(json.dumps(schema))
    (home / "teacher.md").write_text("Say the mood as JSON.\n[user]\n{{message}}\n")
    (home / "student.md").write_text("Mood?\n[user]\n{{message}}\n")
    (home / "task.yaml").write_text(SPEC)
    return home / "task.yaml"


def log_week(home: Path, week: int, *, calls: int = 400, drifted: float = 0.0) -> Path:
    """What the application logs in a week: the serving student's answers, and feedback on one in two."""
    import distill

    student = distill.load_linear(home / "registry/mood/current")
    texts = messages(calls, 100 + week, drifted)
    lines = []
    for n, (text, said) in enumerate(zip(texts, student.predict(texts), strict=True)):
        at = START + week * 604_800 + n * 600
        answer = {"role": "assistant", "content": json.dumps(said.answer)}
        turns = [{"role": "system", "content": "Mood?"}, {"role": "user", "content": text}]
        line = {
            "request": {"model": "mood", "messages": turns},
            "response": {"id": f"{week}-{n}", "object": "chat.completion", "created": at, "model": "mood",
                         "choices": [{"index": 0, "message": answer, "finish_reason": "stop"}]},
            "confidence": round(said.confidence, 4),
        }  # fmt: skip
        if n % 2 == 0:
            line["feedback"] = "up" if dict(said.answer)["mood"] == mood(text) else "down"
        lines.append(json.dumps(line))
    (home / "logs").mkdir(exist_ok=True)
    path = home / f"logs/week{week}.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


@contextmanager
def teacher() -> Iterator[str]:
    """Its address, in a thread of its own until the block ends."""

    async def chat(request: web.Request) -> web.Response:
        body = await request.json()
        answer = json.dumps({"mood": mood(body["messages"][-1]["content"])})
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 40, "completion_tokens": 6, "total_tokens": 46}
        return web.json_response(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [choice],
                "usage": usage,
            }
        )

    loop, ready, found = asyncio.new_event_loop(), threading.Event(), list[str]()

    async def serve() -> web.AppRunner:
        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", chat)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.append(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        ready.set()
        return runner

    def work() -> None:
        runner = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(30)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
