"""A fine-tuning job by the openai SDK, from the upload to answers that differ from the base's.

    distill host &
    OPENAI_BASE_URL=http://127.0.0.1:8000/v1 OPENAI_API_KEY=any python benchmarks/host_job.py [--base gpt-4o-mini-2024-07-18] [--rows 50]

It needs nothing of distill: what is asked is whatever OPENAI_BASE_URL names. The rows teach to sort messages of a shop into three teams,
as a JSON object; the messages asked at the end are none of them. Prints one JSON object with the goals; exit code 1 where one is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from itertools import product
from typing import Any

from openai import OpenAI
from openai.types.fine_tuning import FineTuningJob

MOST_S = 300.0
SYSTEM = 'Which team answers? Reply with JSON: {"team": "orders" | "returns" | "billing"}'
THINGS = ("lamp", "chair", "kettle", "jacket", "radio", "bicycle", "desk")
SAID = {
    "orders": ("Where is my {}?", "When does the {} arrive?", "My {} has not come yet."),
    "returns": ("The {} is broken, I send it back.", "I want to return the {}.", "How do I send the {} back?"),
    "billing": ("I was charged twice for the {}.", "The invoice of the {} is wrong.", "Why did the {} cost more?"),
}
ASKED = ("Where is my carpet?", "I want to return the carpet.", "I was charged twice for the carpet.")


def rows_of(count: int) -> list[dict[str, Any]]:
    """Chat rows, the teams in turn."""
    each = [[(team, text.format(thing)) for thing, text in product(THINGS, texts)] for team, texts in SAID.items()]
    told = [one for three in zip(*each, strict=True) for one in three]
    return [chat(text, json.dumps({"team": team})) for team, text in (told * -(-count // len(told)))[:count]]


def chat(text: str, answer: str) -> dict[str, Any]:
    return {"messages": [*prompt(text), {"role": "assistant", "content": answer}]}


def prompt(text: str) -> list[Any]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def trained(client: OpenAI, base: str, count: int) -> FineTuningJob:
    """A job, once it has ended."""
    data = "".join(json.dumps(row) + "\n" for row in rows_of(count)).encode()
    file = client.files.create(file=("rows.jsonl", data), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model=base, training_file=file.id, suffix="teams", seed=1)
    while job.status not in ("succeeded", "failed", "cancelled"):
        time.sleep(0.5)
        job = client.fine_tuning.jobs.retrieve(job.id)
    return job


def answers(client: OpenAI, model: str) -> list[str]:
    return [
        client.chat.completions.create(model=model, messages=prompt(text), temperature=0, max_tokens=24)
        .choices[0]
        .message.content
        or ""
        for text in ASKED
    ]


def right(texts: Sequence[str]) -> int:
    """Answers that are a JSON object with the team that is meant."""
    wanted = [json.dumps({"team": team}) for team in SAID]
    return sum(text.strip() == one for text, one in zip(texts, wanted, strict=True))


def measured(client: OpenAI, base: str, count: int) -> dict[str, Any]:
    before, start = answers(client, base), time.monotonic()
    job = trained(client, base, count)
    took = time.monotonic() - start
    assert job.status == "succeeded", job.error
    assert job.fine_tuned_model
    after = answers(client, job.fine_tuned_model)
    checkpoints = [one.step_number for one in client.fine_tuning.jobs.checkpoints.list(job.id)]
    return {
        "rows": count, "seconds": round(took, 1), "hyperparameters": job.hyperparameters.to_dict(), "trained_tokens": job.trained_tokens,
        "model": job.fine_tuned_model, "checkpoints": checkpoints, "base_says": before, "tune_says": after,
        "base_right": right(before), "tune_right": right(after),
        "goal": f"at most {MOST_S:.0f} s; the tune answers otherwise than the base, and more of it is right",
        "met": took <= MOST_S and before != after and right(after) > right(before),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument(
        "--base", default="gpt-4o-mini-2024-07-18", help="a model that the host tunes; an alias will do"
    )
    parser.add_argument("--rows", type=int, default=50)
    given = parser.parse_args()
    found = measured(OpenAI(), given.base, given.rows)
    print(json.dumps(found, indent=2))
    if not found["met"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
