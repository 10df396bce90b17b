"""A task's spec and everything that it names → a `Project`, or one SpecError with every fault of them together, before
anything is sent.

Relative paths are taken from the spec's folder; `.distill/` and `runs/` stand in the project's home.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from distill import prompts, spec
from distill.errors import Fault, SpecError
from distill.flow import disputes, files, judging, wants
from distill.flow import faults as wrong
from distill.flow.project import Project, named

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Seed
    from distill.seeds import held_out
    from distill.seeds.rules import Rule

_HOME_MARKS = (".distill", "pyproject.toml", ".git", "runs")


def home_of(path: Path) -> Path:
    """The nearest folder above the spec that holds a project; the spec's own folder where none does."""
    start = path.resolve() if path.is_dir() else path.resolve().parent
    return next(
        (folder for folder in (start, *start.parents) if any((folder / mark).exists() for mark in _HOME_MARKS)),
        start,
    )


class _Rows(NamedTuple):
    """What the files of rows hold; `bad` is None where the seeds could not be read."""

    seeds: Sequence[Seed]
    pinned: Sequence[Seed]
    bad: pl.DataFrame | None
    held_out: list[held_out.Row]
    notes: list[str]


def open_project(
    path: Path, *, overrides: Sequence[str] = (), env: Mapping[str, str], home: Path | None = None
) -> Project:
    """Read and check everything; see the module's docstring for what is raised."""
    task = spec.load(path, overrides)
    file = path / "task.yaml" if path.is_dir() else path
    faults: list[Fault] = []
    texts = {name: files.text(file.parent / name, faults) for name in (task.teacher.prompt, task.student.prompt)}
    output = files.schema(file.parent / task.teacher.output, faults) if task.teacher.output else None
    tools = files.tools(file.parent / task.teacher.tools, faults) if task.teacher.tools else []
    templates = [prompts.parse(text, name) for name, text in texts.items() if text is not None]
    variables = prompts.variables(templates)
    label_prompts = _labels(task, file.parent, variables, faults)
    chats = prompts.chats((*templates, *label_prompts.values()))
    chats = {name: last for name, last in chats.items() if name in variables}
    rows = _rows(task, file, texts, variables, chats, faults)
    rubric = None
    if task.judge is not None and "judge" in judging.named(task):
        rubric = files.text(file.parent / task.judge.prompt, faults)
    faults += wrong.judge(task, rubric, file)
    faults += wrong.gates(task, file, rows.seeds) + wrong.headers(task, env, file)
    faults += wrong.twins(task, file) + wrong.draws(task, file)
    faults += disputes.faults(task, output, file)
    faults += wrong.student(task, rows.seeds, chats, file)
    faults += wants.expansion(task, rows.seeds, chats, file)
    if not faults:
        faults += wants.quotas(task, rows.seeds, file)
    if faults or rows.bad is None:
        raise SpecError(str(file), faults)
    project = Project(
        spec=task, path=file, home=home or home_of(file), output=output, tools=tools, seeds=rows.seeds, pinned=rows.pinned,
        bad_rows=rows.bad, held_out=rows.held_out, env=env,
        teacher_prompt=prompts.parse(texts[task.teacher.prompt] or "", task.teacher.prompt),
        student_prompt=prompts.parse(texts[task.student.prompt] or "", task.student.prompt),
        rubrics=judging.rubrics(task, rubric), label_prompts=label_prompts, overrides=tuple(overrides),
        notes=rows.notes,
    )  # fmt: skip
    if faults := [Fault(f"{file}: {at}", fault) for at, model in named(project) for fault in model.faults()]:
        raise SpecError(str(file), faults)
    return project


def _rows(
    task: spec.TaskSpec, file: Path, texts: Mapping[str, str | None], variables: Sequence[str], chats: Mapping[str, bool],
    faults: list[Fault],
) -> _Rows:  # fmt: skip
    """The rows that the spec names, with the prompts held against their columns. Where there are none, that is the cause of
    all else and is said alone.
    """
    from distill.seeds import held_out, load
    from distill.seeds.form import Form

    paths, pinned_paths = _paths(task, file.parent)
    logged, given, notes = task.seeds.as_ == "chats", task.seeds.format, list[str]()
    form = Form(given.encoding, given.delimiter, given.quote) if given else Form()
    columns = load.columns(paths, logged=logged, form=form)
    ruled = _by_columns(task, file, texts, variables, columns, faults)
    read = functools.partial(
        load.read, variables=[name for name in variables if name in columns], rules=ruled, chats=chats,
        logged=logged, label_columns=task.strata.columns if columns else [], gold=task.seeds.gold if columns else None,
        group=task.seeds.group, blank=["system"] if logged else [],
        system=_has_system(texts, variables), strict=task.seeds.broken == "refuse", form=form, notes=notes,
    )  # fmt: skip
    rows = _Rows([], [], None, [], notes)
    try:
        evaluation = [file.parent / name for name in task.seeds.held_out]
        apart = held_out.read(evaluation, variables=variables, form=form, notes=notes)
        rows = rows._replace(held_out=apart)
    except SpecError as fault:
        faults += fault.faults
    try:
        rows = rows._replace(pinned=read(pinned_paths, need_gold=False)[0] if pinned_paths else [])
    except SpecError as fault:
        faults += fault.faults
    known = any(seed.gold is not None for seed in rows.pinned)  # one of the files is enough
    try:
        seeds, bad = read(paths, need_gold=not known)
        rows = rows._replace(seeds=seeds, bad=bad)
    except SpecError as fault:
        faults += fault.faults
    return rows


def _by_columns(
    task: spec.TaskSpec, file: Path, texts: Mapping[str, str | None], variables: Sequence[str], columns: Sequence[str],
    faults: list[Fault],
) -> list[Rule]:  # fmt: skip
    """The rules for labels. They and the prompts are held against the columns, where some could be read."""
    from distill.seeds import rules

    faults += [
        Fault(f"{file}: strata.labels.{name}", f"the seeds have {name!r} as a column already; call the label otherwise")
        for name in task.strata.asked
        if name in columns or name in variables
    ]
    ruled, wrong_rules = rules.parse(task.strata.rules, columns=columns)
    faults += [Fault(f"{file}: {fault.where}", fault.message) for fault in wrong_rules] if columns else []
    for name, text in texts.items():
        if text is not None:
            named = columns or prompts.parse(text, name).variables
            faults += prompts.faults(text, str(file.parent / name), columns=named)
    return ruled


def _has_system(texts: Mapping[str, str | None], variables: Sequence[str]) -> bool:
    """Whether a prompt says what the model is to be: with a text of its own, or by naming the chats' own."""
    parsed = [prompts.parse(text, name) for name, text in texts.items() if text is not None]
    return "system" in variables or any(role == "system" for template in parsed for role, _ in template.turns)


def _labels(
    task: spec.TaskSpec, folder: Path, variables: Sequence[str], faults: list[Fault]
) -> dict[str, prompts.Template]:
    """Label → the template that asks for it; one may name what the task's own prompts name, for that makes a seed."""
    found = {}
    for label, asked in task.strata.asked.items():
        text = files.text(folder / asked.ask, faults)
        if text is not None:
            faults += prompts.faults(text, str(folder / asked.ask), columns=variables)
            found[label] = prompts.parse(text, asked.ask)
    return found


def _paths(task: spec.TaskSpec, folder: Path) -> tuple[list[Path], list[Path]]:
    pinned = task.seeds.test.from_
    return [folder / name for name in task.seeds.paths], [folder / pinned] if pinned else []
