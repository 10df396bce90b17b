"""The rubric of the judges of the test rows' answers: the one that ships, or the task's own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from distill.errors import Fault
from distill.spec import TaskSpec
from distill.spec.judge import Rubric

NAME = "evaluate"


def evaluation_rubric(spec: TaskSpec, text: str | None) -> Rubric | None:
    """The rubric of a task, None where no judge is asked; `text` is that of the file in `evaluate.judge.prompt`."""
    judge = spec.evaluate.judge
    if judge is None:
        return None
    shipped = (files(__package__) / "rubric.md").read_text(encoding="utf-8")
    return Rubric(NAME, shipped if text is None else text, judge.dimensions)


def faults(spec: TaskSpec, text: str | None, file: Path, arms: Sequence[str]) -> list[Fault]:
    """What is wrong inside `evaluate.judge`; `arms` are those that there may be, `text` that of its file."""
    judge, found = spec.evaluate.judge, []
    if judge is None:
        return []
    if not judge.dimensions:
        said = 'none is named; expected, say, {accuracy: "What it says is right."}, or leave the key out'
        found.append(Fault(f"{file}: evaluate.judge.dimensions", said))
    if judge.gold is not None and not (file.parent / judge.gold).is_file():
        said = f"no file {judge.gold!r} next to the spec; write answers labelled by people there, or take it out"
        found.append(Fault(f"{file}: evaluate.judge.gold", said))
    for number, arm in enumerate(judge.pairwise):
        if arm not in arms:
            others = ", ".join(one for one in arms if one != "student")
            said = f"{arm!r} is no arm of this task; expected {others}"
            found.append(Fault(f"{file}: evaluate.judge.pairwise[{number}]", said))
    for number, model in enumerate(judge.models):
        if model.sampling and model.sampling.draws > 1:
            where = f"{file}: evaluate.judge.models[{number}].sampling.draws"
            found.append(Fault(where, f"{model.sampling.draws}: a judge gives one verdict; name more judges"))
    return found + _plain_text(text, file.parent / (judge.prompt or ""))


def _plain_text(text: str | None, file: Path) -> list[Fault]:
    if text is None:
        return []
    if not text.strip():
        return [Fault(str(file), "it is empty; say in it what a good answer is")]
    if "{{" in text:
        line = text.count("\n", 0, text.index("{{")) + 1
        said = "the rubric takes no variables; the input and the answer are put in by distill"
        return [Fault(f"{file}:{line}", said)]
    return []
