"""Four arms on the example task's rows, answered together, beside one call at a time by the same engine.

    python benchmarks/arm_speed.py [--rows 150] [--alone 6] [--base FOLDER]

The engine is transformers on this machine, with the embedded model as its weights where no base is named. The arms are teacher, prompted
base, base and student (the base stands for it: an adapter that is merged takes no longer). Here the teacher is the base, so the prompted base asks
what the teacher asks, and these rows are sent once. One call at a time is measured on `--alone` rows of each arm and counted for all.
Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from students import base_folder

from distill.base_model import generation
from distill.base_model.chat_format import chat_format
from distill.base_model.generation import Generator, Prompt
from distill.chat import templates

TASK = Path(__file__).parents[1] / "distill" / "starter" / "first_task"
ARMS = {"teacher": "teacher.md", "prompted_base": "teacher.md", "base": "student.md", "student": "student.md"}
MOST = 30


def prompts_of(made: Generator, rows: int) -> dict[str, list[Prompt]]:
    """What each arm is sent."""
    lines = [json.loads(line) for line in (TASK / "seeds.jsonl").read_text("utf-8").splitlines()]
    found = {}
    for arm, name in ARMS.items():
        template = templates.parse((TASK / name).read_text("utf-8"), name)
        found[arm] = [
            made.prompt(template.fill({"message": lines[n % len(lines)]["message"]}), MOST) for n in range(rows)
        ]
    return found


def together(made: Generator, asked: dict[str, list[Prompt]]) -> tuple[float, dict[str, list[str]]]:
    """Seconds of all arms as they are asked in a run: the student's calls are its own, those of the prompted base the teacher's."""
    said, started = dict[str, list[str]](), time.perf_counter()
    for arm, prompts in asked.items():
        if arm == "prompted_base":
            said[arm] = said["teacher"]
        else:
            said[arm] = [one.text for one in made.write(prompts)]
    return time.perf_counter() - started, said


def alone(made: Generator, prompts: list[Prompt]) -> tuple[float, list[str]]:
    """Seconds of a call, one after the other, by transformers' own `generate`."""
    import torch

    stops, said, started = list(chat_format(made.tokenizer).stops), [], time.perf_counter()
    for prompt in prompts:
        ids = torch.tensor([prompt.ids])
        with torch.inference_mode():
            out = made.model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=MOST, do_sample=False, eos_token_id=stops
            )
        said.append(made.tokenizer.decode(out[0, len(prompt.ids) :], skip_special_tokens=True))
    return (time.perf_counter() - started) / len(prompts), said


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=150)
    parser.add_argument("--alone", type=int, default=6)
    parser.add_argument("--base", help="a folder of transformers; default: the embedded model")
    given = parser.parse_args()
    made = generation.generator(base_folder(given.base))
    asked = prompts_of(made, given.rows)
    made.write([prompts[0] for prompts in asked.values()])  # kernels and memory
    found: dict[str, Any] = {"rows": given.rows, "arms": len(asked)}
    one = {arm: alone(made, prompts[: given.alone]) for arm, prompts in asked.items()}
    ours, said = together(made, asked)
    theirs = given.rows * sum(seconds for seconds, _ in one.values())
    same = sum(a == b for arm, (_, texts) in one.items() for a, b in zip(said[arm], texts, strict=False))
    found |= {
        "seconds_together": round(ours, 1), "seconds_one_at_a_time": round(theirs, 1), "ratio": round(theirs / ours, 2),
        "same_text": f"{same} of {given.alone * len(asked)}",
        "seconds_a_call_alone": {arm: round(seconds, 2) for arm, (seconds, _) in one.items()},
    }  # fmt: skip
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
