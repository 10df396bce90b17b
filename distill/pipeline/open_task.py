"""A task's spec and everything that it names → a `Task`, or one SpecError with every fault of them together, before
anything is sent.

Relative paths are taken from the spec's folder; `.distill/` and `runs/` stand in the project's home.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from distill.chat import templates
from distill.curate.checks import curation_faults
from distill.curate.dedup import compared
from distill.curate.gates.judge.requests import judged_gates, rubrics
from distill.errors import Fault, SpecError
from distill.evaluate.comparison import ARMS
from distill.evaluate.judging import rubric as judging
from distill.evaluate.scoring import checks as scoring_checks
from distill.pipeline.arguments import home_of
from distill.pipeline.task_rows import TaskRows, read_task_rows
from distill.records import Json
from distill.seeds import checks
from distill.spec import Places, TaskSpec, look
from distill.student import checks as student_checks
from distill.task import files, requirements
from distill.task.requirements import named
from distill.task.task import Task
from distill.teacher.checks import teacher_faults

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Seed
    from distill.spec.judge import Rubric


class _SpecTexts(NamedTuple):
    """What the prompts and schemas hold that a spec names; None where one could not be read."""

    prompts: Mapping[str, str | None]
    output: dict[str, Json] | None
    tools: list[dict[str, Json]]

    def template(self, name: str) -> templates.Template:
        return templates.parse(self.prompts[name] or "", name)


def open_task(
    path: Path, *, overrides: Sequence[str] = (), env: Mapping[str, str], home: Path | None = None,
    options: Mapping[str, str] | None = None, priced: bool = True,
) -> Task:  # fmt: skip
    """Read and check everything; see the module's docstring for what is raised.

    `options` names the options that an override came from, where that is not `--set`; with `priced` off a budget may stand
    over a model without a price, for what sends nothing.
    """
    return open_head(path, None, overrides=overrides, env=env, home=home, options=options, priced=priced)[0]


def open_head(
    path: Path, head: int | None, *, overrides: Sequence[str] = (), env: Mapping[str, str], home: Path | None = None,
    options: Mapping[str, str] | None = None, priced: bool = True,
) -> tuple[Task, TaskRows]:  # fmt: skip
    """The same with the first `head` seeds alone, and how the others are read; whether all of them suffice is the caller's to check."""
    loaded = look(path, overrides, options)
    spec, places = loaded.spec, loaded.places
    if spec is None:
        raise SpecError(places.source, loaded.faults)
    file = Path(places.source)
    faults: list[Fault] = []
    texts = _texts(spec, file, places, faults)
    parsed = [templates.parse(text, name) for name, text in texts.prompts.items() if text is not None]
    variables = templates.variables(parsed)
    label_prompts = _labels(spec, file, variables, faults)
    rival_prompts = _rivals(spec, file, variables, faults)
    named_chats = templates.chats((*parsed, *label_prompts.values()))
    chats = {name: last for name, last in named_chats.items() if name in variables}
    rows = read_task_rows(spec, places, parsed, chats, faults, home or home_of(file), head)
    for name, text in texts.prompts.items():
        faults += templates.faults(text, str(file.parent / name), columns=rows.columns) if text is not None else []
    rubric, evaluation_rubric = _gate_rubric(spec, file, faults), _evaluation_rubric(spec, file, faults)
    faults += _unfit(spec, file, places, texts, rubric, rows.seeds, env, priced=priced)
    faults += _of_rows(spec, file, rows, chats, faults, counted=head is None)
    faults += _linear(spec, file, places, texts, rows)
    faults += _known_answers(spec, file, texts, rows)
    found = _in_order([*loaded.faults, *places.located(faults)], file)
    if found or rows.bad_rows is None:
        raise SpecError(str(file), found)
    task = _task(spec, file, home or home_of(file), texts, rubric, rows, rows.bad_rows, env)
    task = replace(
        task, label_prompts=label_prompts, rival_prompts=rival_prompts, evaluation_rubric=evaluation_rubric, overrides=tuple(overrides)
    )  # fmt: skip
    if faults := [Fault(f"{file}: {at}", fault) for at, model in named(task) for fault in model.faults()]:
        raise SpecError(str(file), places.located(faults))
    return task, rows


def _gate_rubric(spec: TaskSpec, file: Path, faults: list[Fault]) -> str | None:
    """The text that the judges of the gate go by; None where there are none."""
    if spec.judge is None or "judge" not in judged_gates(spec):
        return None
    return files.text(file.parent / spec.judge.prompt, faults, named_by=f"{file}: judge.prompt")


def _evaluation_rubric(spec: TaskSpec, file: Path, faults: list[Fault]) -> Rubric | None:
    """What the judges of the test rows' answers go by; None where there are none."""
    judge, text = spec.evaluate.judge, None
    if judge is not None and judge.prompt is not None:
        text = files.text(file.parent / judge.prompt, faults, named_by=f"{file}: evaluate.judge.prompt")
    faults += judging.faults(spec, text, file, [*ARMS, *spec.evaluate.rivals])
    return judging.evaluation_rubric(spec, text)


def _known_answers(spec: TaskSpec, file: Path, texts: _SpecTexts, rows: TaskRows) -> list[Fault]:
    """Known answers that the schema mostly does not allow; where it is some of them, a note."""
    gold = checks.gold_fields(texts.output, rows.seeds) if spec.seeds.gold else []
    rows.notes.extend([*checks.few_different(rows.seeds), *(one.message for one in gold if not one.mostly_outside)])
    return [Fault(f"{file}: seeds.gold", one.message) for one in gold if one.mostly_outside]


def _task(
    spec: TaskSpec, file: Path, home: Path, texts: _SpecTexts, rubric: str | None, rows: TaskRows,
    bad_rows: pl.DataFrame, env: Mapping[str, str],
) -> Task:  # fmt: skip
    teacher, student = (texts.template(name) for name in (spec.teacher.prompt, spec.student.prompt))
    return Task(
        spec=spec, path=file, home=home, output=texts.output, tools=texts.tools, seeds=rows.seeds,
        pinned=rows.pinned, bad_rows=bad_rows, held_out=rows.held_out, env=env,
        teacher_prompt=teacher, student_prompt=student, rubrics=rubrics(spec, rubric), notes=rows.notes,
    )  # fmt: skip


def _texts(spec: TaskSpec, file: Path, places: Places, faults: list[Fault]) -> _SpecTexts:
    """The prompts, the answer's schema and the tools; of what the spec names wrongly, nothing is read."""
    teacher, folder = spec.teacher, file.parent
    named = {teacher.prompt: ("teacher", "prompt"), spec.student.prompt: ("student", "prompt")}
    found = {
        name: files.text(folder / name, faults, named_by=f"{file}: {'.'.join(setting)}")
        for name, setting in named.items()
        if places.sound(setting)
    }
    output = (
        files.schema(folder / teacher.output, faults, named_by=f"{file}: teacher.output") if teacher.output else None
    )
    tools = files.tools(folder / teacher.tools, faults, named_by=f"{file}: teacher.tools") if teacher.tools else []
    return _SpecTexts(found, output, tools)


def _unfit(
    spec: TaskSpec, file: Path, places: Places, texts: _SpecTexts, rubric: str | None, seeds: Sequence[Seed],
    env: Mapping[str, str], *, priced: bool,
) -> list[Fault]:  # fmt: skip
    """What the parts of the spec ask of each other, and of this machine, and do not get."""
    found = curation_faults(spec, file, places, rubric, seeds) + teacher_faults(spec, env, file)
    found += student_checks.arms(spec, file) + student_checks.hosted(spec, file, env if priced else None)
    found += student_checks.reasoning(spec, file) + student_checks.soft_labels(spec, file)
    found += requirements.faults(spec, file, places, env, priced=priced) + scoring_checks.faults(spec, file)
    if _read_schema(spec, places, texts):
        found += compared.faults(spec, texts.output, file)
    return found


def _of_rows(
    spec: TaskSpec, file: Path, rows: TaskRows, chats: Mapping[str, bool], before: Sequence[Fault], *, counted: bool
) -> list[Fault]:
    """What the rows do not give that the spec asks of them; nothing where they could not be read."""
    if rows.bad_rows is None:
        return []
    found = student_checks.turns(spec, chats, file)
    found += student_checks.student(spec, rows.seeds, chats, file) + checks.expansion(spec, rows.seeds, chats, file)
    found += checks.harvested(spec, rows.seeds, file)
    unready = (f"{file}: strata.", f"{file}: dedup.meaning")  # labels and nearness, of which quotas are made
    ready = not any(fault.where.startswith(unready) for fault in before)
    return found + (checks.quotas(spec, rows.seeds, file) if ready and counted and rows.seeds else [])


def _read_schema(spec: TaskSpec, places: Places, texts: _SpecTexts) -> bool:
    """Whether the schema of answers is known, be it that there is none."""
    return places.sound(("teacher", "output")) and (texts.output is not None or spec.teacher.output is None)


def _linear(spec: TaskSpec, file: Path, places: Places, texts: _SpecTexts, rows: TaskRows) -> list[Fault]:
    """What a linear student cannot learn; an arm that cannot be is a note. Nothing where schema or rows could not be read."""
    if rows.bad_rows is None or not _read_schema(spec, places, texts):
        return []
    known = [*rows.seeds, *rows.pinned]
    rows.notes.extend(
        [*student_checks.linear_arm(spec, texts.output, known), *student_checks.probabilities_asked(spec)]
    )
    return student_checks.linear_student(spec, texts.output, known, file)


def _in_order(faults: Sequence[Fault], file: Path) -> list[Fault]:
    """Each once: those of the spec by their lines, then those of other files as they were found."""

    def line(fault: Fault) -> tuple[int, int]:
        source, _, number = fault.where.rpartition(":")
        return (0, int(number)) if source == str(file) and number.isdigit() else (1, 0)

    return sorted(dict.fromkeys(faults), key=line)


def _labels(spec: TaskSpec, file: Path, variables: Sequence[str], faults: list[Fault]) -> dict[str, templates.Template]:
    """Label → the template that asks for it; one may name what the task's own prompts name, for that makes a seed."""
    found = {}
    for label, asked in spec.strata.asked.items():
        text = files.text(file.parent / asked.ask, faults, named_by=f"{file}: strata.labels.{label}.ask")
        if text is not None:
            faults += templates.faults(text, str(file.parent / asked.ask), columns=variables or None)
            found[label] = templates.parse(text, asked.ask)
    return found


def _rivals(spec: TaskSpec, file: Path, variables: Sequence[str], faults: list[Fault]) -> dict[str, templates.Template]:
    """Rival → its own prompt, which may name what the task's prompts name: a row is what these fill in."""
    found = {}
    for name, rival in spec.evaluate.rivals.items():
        if rival.prompt is None:
            continue
        text = files.text(file.parent / rival.prompt, faults, named_by=f"{file}: evaluate.rivals.{name}.prompt")
        if text is not None:
            faults += templates.faults(text, str(file.parent / rival.prompt), columns=variables or None)
            found[name] = templates.parse(text, rival.prompt)
    return found
