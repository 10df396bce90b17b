"""README.md of what is shipped: what it does, how to ask it, how it was made, and what it scored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from distill.text.percentages import percent, signed

if TYPE_CHECKING:
    from distill.ship.student import TunedStudent
    from distill.ship.target import Target


def readme(student: TunedStudent, target: Target, use: str, files: dict[str, str]) -> str:
    """Markdown; `use` says how to start it, `files` holds the hash of each file."""
    lines = [
        f"# {student.task}", "", *([student.about, ""] if student.about else []),
        f"A student of `{student.base}`, {'all of it tuned' if student.full else 'tuned by LoRA'}, shipped as {target.form}"
        + (f" ({target.quantisation})" if target.form in ("gguf", "ollama") else "") + ".",
        "", "## How to start it", "", use.rstrip(), "", "## How to ask it", "",
        "It was trained on this prompt, and answers well to no other. What stands in `{{ }}` is a row's own.", "",
        *(line for role, text in student.prompt for line in (f"**{role}**", "", "```text", text.strip(), "```", "")),
        *_schema(student),
        "Ask at temperature 0.", "",
        *_routing(student, target),
        "## What it scored", "", *_scores(student), "",
        "## How it was made", "",
        f"- run: {student.run}", f"- answers of the dataset by: {student.teacher}", f"- their terms: {student.terms}",
        f"- licence of the weights: that of `{student.base}`", "",
        "| file | blake2b |", "|---|---|", *(f"| {name} | `{digest}` |" for name, digest in sorted(files.items())), "",
    ]  # fmt: skip
    return "\n".join(line for line in lines if line is not None)


def _schema(student: TunedStudent) -> list[str]:
    if student.schema is None:
        return []
    return [
        "Its answers are JSON of this schema:",
        "",
        "```json",
        json.dumps(student.schema, indent=1, ensure_ascii=False),
        "```",
        "",
    ]


def _routing(student: TunedStudent, target: Target) -> list[str]:
    """When its answer is taken and when the teacher's."""
    if not student.routing:
        return []
    of = f" It was set on the student as it was trained; {target.quantisation} shifts confidences a little." if (
        target.form in ("gguf", "ollama")
    ) else ""  # fmt: skip
    return [
        "## When to ask the teacher instead", "",
        "`routing.json` says from which confidence on its answer may be taken, and what bound that keeps; distill's page on the cascade "
        f"explains each key.{of}", "",
    ]  # fmt: skip


def _scores(student: TunedStudent) -> list[str]:
    found = student.comparison
    if found is None or "student" not in found.arms:
        return ["It was not compared with anything (`distill evaluate`)."]
    said = [
        f"On {found.rows} held-out rows, by {found.metric}, with 95 % intervals:",
        "",
        "| who | score | n |",
        "|---|--:|--:|",
    ]
    for name, arm in found.arms.items():
        score = arm.metrics.get(found.metric)
        if score is not None:
            said.append(
                f"| {name} | {percent(score.mean)} ({percent(score.low, 0)} to {percent(score.high, 0)}) | {score.n} |"
            )
    gap = next((one for one in found.differences if (one.metric, one.b) == (found.metric, "teacher")), None)
    if gap is not None:
        said += [
            "",
            f"Against the teacher: {signed(gap.mean)} points ({signed(gap.low)} to {signed(gap.high)}), n = {gap.n}.",
        ]
    return [*said, "", *found.verdict.sentences]
