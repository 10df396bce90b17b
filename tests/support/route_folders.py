"""A folder as `distill routes --out` writes it, of a student that is a language model, and servers for both."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from distill.evaluate.blend.failed import FailedStratum
from distill.evaluate.selective.nearness import training_texts
from distill.ship.routes import plan as plans
from distill.ship.routes.plan import AskedModel, RoutePlan

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["glad", "cross"]}}, "required": ["mood"]}
TEXTS = [f"the parcel {n * 7919} did not come {n * 104729 % 9973}" for n in range(60)]
PLAN = RoutePlan(
    task="mood", run="mood/001",
    student=AskedModel("mood", "student.md", "chat", 50, temperature=0.0, extra={"logprobs": True}),
    other=AskedModel("big-1", "teacher.md", "chat", 80, key_env="OPENAI_API_KEY", schema=True),
    other_arm="teacher", threshold=0.8, set_by="at most 5 % wrong", signal="token probabilities", draws=0, fields=["mood"], floor=0.2,
    vectors="nearest.npz", failed=[FailedStratum("kind = c", {"kind": "c"}, 20, 0.1, 0.9)], linear="", schema="answer.schema.json",
    tools="", hashes={"student": "a", "dataset": "b"},
)  # fmt: skip


def written(folder: Path, **changed: Any) -> Path:
    """The folder, with other values of the plan where they are given."""
    plan = replace(PLAN, **changed)
    folder.mkdir(parents=True, exist_ok=True)
    plans.write(folder, plan)
    training_texts(TEXTS).save(folder / plan.vectors)
    (folder / "student.md").write_text("[system]\nMood?\n[user]\n{{message}}\n")
    (folder / "teacher.md").write_text("[system]\nSay the mood as JSON.\n[user]\n{{message}}\n")
    (folder / "answer.schema.json").write_text(json.dumps(SCHEMA))
    return folder


def said(text: str, share: float | None = None) -> bytes:
    """A chat completion, with the probability of its one token."""
    choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if share is not None:
        choice["logprobs"] = {
            "content": [{"token": text, "logprob": math.log(share), "bytes": None, "top_logprobs": []}]
        }
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(whole).encode()


def by_words(_headers: Mapping[str, str], body: Any) -> tuple[int, bytes]:
    """The teacher always says glad. The student says cross, as sure as the message asks; `broken` breaks the schema, `down` fails."""
    message = body["messages"][-1]["content"]
    if body["model"] != "mood":
        return (500, b"{}") if "teacherless" in message else (200, said('{"mood": "glad"}'))
    if "down" in message:
        return 503, b'{"error": {"message": "no GPU is left"}}'
    if "broken" in message:
        return 200, said('{"mood": "sad"}', 0.99)
    return 200, said('{"mood": "cross"}', 0.5 if "perhaps" in message else 0.95)
