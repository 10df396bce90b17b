"""What `distill init` writes: a small task that runs as it is, to be made one's own."""

from __future__ import annotations

from pathlib import Path

from distill.errors import UsageError
from distill.rundir import write_atomic

_SPEC = """\
task: {name}
about: Say in one line what the task is.

seeds:
  from: seeds.jsonl                  # jsonl, csv or parquet; one row an input
  gold: expected                     # a column with the known answer, for the test rows
  test: {{share: 0.2}}

teacher:
  model: embedded/smollm2-135m       # or any model of an OpenAI-compatible endpoint, with base_url and key_env
  prompt: teacher.md
  output: answer.schema.json
  sampling: {{temperature: 0, max_tokens: 64}}
  terms: ""                          # what the teacher's terms allow; copied to the dataset's card

gates: [schema, finish_reason, refusal, length]
student:
  prompt: student.md
  train: {{with: lora, base: embedded/smollm2-135m}}
evaluate: {{margin: 0.02}}
budget: {{usd: 5}}
"""
_TEACHER = """\
Read one message and say what mood it is in. Answer with one JSON object: {"mood": "glad" | "neutral" | "cross"}.
[user]
the new lamp is lovely, thank you!
[assistant]
{"mood": "glad"}
[user]
{{message}}
"""
_STUDENT = """\
The message's mood as JSON.
[user]
{{message}}
"""
_SCHEMA = """\
{
  "title": "mood",
  "type": "object",
  "properties": {"mood": {"type": "string", "enum": ["glad", "neutral", "cross"]}},
  "required": ["mood"],
  "additionalProperties": false
}
"""
_SEEDS = """\
{"message": "what a day, everything arrived early", "expected": {"mood": "glad"}}
{"message": "where is my parcel? third time I ask", "expected": {"mood": "cross"}}
{"message": "the shop closes at six", "expected": {"mood": "neutral"}}
{"message": "you people are useless", "expected": {"mood": "cross"}}
{"message": "my order number is 48213", "expected": {"mood": "neutral"}}
{"message": "best soup I ever had", "expected": {"mood": "glad"}}
{"message": "again the wrong colour, I give up", "expected": {"mood": "cross"}}
{"message": "is the blue one 40 cm wide?", "expected": {"mood": "neutral"}}
{"message": "thanks a million, works like new", "expected": {"mood": "glad"}}
{"message": "please send the invoice", "expected": {"mood": "neutral"}}
"""


def write(folder: Path) -> list[Path]:
    """The files of a first task; refuses a folder that already holds one of them."""
    name = folder.resolve().name.lower().replace(" ", "-").replace("_", "-")
    texts = {
        "task.yaml": _SPEC.format(name=name), "teacher.md": _TEACHER, "student.md": _STUDENT, "answer.schema.json": _SCHEMA, "seeds.jsonl": _SEEDS,
    }  # fmt: skip
    there = [file for file in texts if (folder / file).exists()]
    if there:
        raise UsageError(f"{folder} already holds {', '.join(there)}; nothing was written, give a new folder")
    for file, text in texts.items():
        write_atomic(folder / file, text.encode())
    return [folder / file for file in texts]
