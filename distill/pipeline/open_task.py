"""A task's spec and everything that it names → a `Project`, or one SpecError with every fault of them together, before
anything is sent.

Relative paths are taken from the spec's folder; `.distill/` and `runs/` stand in the project's home.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distill.chat import templates as prompts
from distill.curate.dedup import rulings
from distill.curate.gates.judge import lookup
from distill.errors import Fault, SpecError
from distill.pipeline import checks as wrong
from distill.seeds import checks
from distill.spec import Places, TaskSpec, look
from distill.student import checks as student_checks
from distill.task import files, requirements
from distill.task.task import Task, named
from distill.text.normalise import did_you_mean, web_address

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Seed
    from distill.seeds import held_out
    from distill.seeds.sql_labels import Rule

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
    columns: list[str] | None = None
    """None where no file could be read, or none is named."""


class _Texts(NamedTuple):
    """What the prompts and schemas hold that a spec names; None where one could not be read."""

    prompts: Mapping[str, str | None]
    output: dict[str, Any] | None
    tools: list[dict[str, Any]]


def open_task(
    path: Path, *, overrides: Sequence[str] = (), env: Mapping[str, str], home: Path | None = None,
    options: Mapping[str, str] | None = None, priced: bool = True,
) -> Task:  # fmt: skip
    """Read and check everything; see the module's docstring for what is raised.

    `options` names the options that an override came from, where that is not `--set`; with `priced` off a budget may stand
    over a model without a price, for what sends nothing.
    """
    loaded = look(path, overrides, options)
    spec, places = loaded.spec, loaded.places
    if spec is None:
        raise SpecError(places.source, loaded.faults)
    file = Path(places.source)
    faults: list[Fault] = []
    texts = _texts(spec, file, places, faults)
    templates = [prompts.parse(text, name) for name, text in texts.prompts.items() if text is not None]
    variables = prompts.variables(templates)
    label_prompts = _labels(spec, file, variables, faults)
    chats = prompts.chats((*templates, *label_prompts.values()))
    chats = {name: last for name, last in chats.items() if name in variables}
    rows = _rows(spec, file, places, texts.prompts, variables, chats, faults)
    for name, text in texts.prompts.items():
        faults += prompts.faults(text, str(file.parent / name), columns=rows.columns) if text is not None else []
    rubric = None
    if spec.judge is not None and "judge" in lookup.named(spec):
        rubric = files.text(file.parent / spec.judge.prompt, faults, named_by=f"{file}: judge.prompt")
    faults += _unfit(spec, file, places, texts, rubric, rows.seeds, env, priced=priced)
    faults += _of_rows(spec, file, rows, chats, faults) if rows.bad is not None else []
    found = _in_order([*loaded.faults, *places.located(faults)], file)
    if found or rows.bad is None:
        raise SpecError(str(file), found)
    task = Task(
        spec=spec, path=file, home=home or home_of(file), output=texts.output, tools=texts.tools, seeds=rows.seeds,
        pinned=rows.pinned, bad_rows=rows.bad, held_out=rows.held_out, env=env,
        teacher_prompt=prompts.parse(texts.prompts[spec.teacher.prompt] or "", spec.teacher.prompt),
        student_prompt=prompts.parse(texts.prompts[spec.student.prompt] or "", spec.student.prompt),
        rubrics=lookup.rubrics(spec, rubric), label_prompts=label_prompts, overrides=tuple(overrides),
        notes=rows.notes,
    )  # fmt: skip
    if faults := [Fault(f"{file}: {at}", fault) for at, model in named(task) for fault in model.faults()]:
        raise SpecError(str(file), places.located(faults))
    return task


def _texts(spec: TaskSpec, file: Path, places: Places, faults: list[Fault]) -> _Texts:
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
    return _Texts(found, output, tools)


def _unfit(
    spec: TaskSpec, file: Path, places: Places, texts: _Texts, rubric: str | None, seeds: Sequence[Seed],
    env: Mapping[str, str], *, priced: bool,
) -> list[Fault]:  # fmt: skip
    """What the parts of the spec ask of each other, and of this machine, and do not get."""
    found = wrong.judge(spec, rubric, file) + wrong.gates(spec, file, places, seeds) + wrong.headers(spec, env, file)
    found += wrong.twins(spec, file) + wrong.draws(spec, file) + student_checks.arms(spec, file)
    found += requirements.faults(spec, file, places, env, priced=priced)
    if places.sound(("teacher", "output")) and (texts.output is not None or spec.teacher.output is None):
        found += rulings.faults(spec, texts.output, file)
    return found


def _of_rows(
    spec: TaskSpec, file: Path, rows: _Rows, chats: Mapping[str, bool], before: Sequence[Fault]
) -> list[Fault]:
    """What the rows do not give that the spec asks of them."""
    found = student_checks.student(spec, rows.seeds, chats, file) + checks.expansion(spec, rows.seeds, chats, file)
    labelled = not any(fault.where.startswith(f"{file}: strata.") for fault in before)
    return found + (checks.quotas(spec, rows.seeds, file) if labelled and rows.seeds else [])


def _in_order(faults: Sequence[Fault], file: Path) -> list[Fault]:
    """Each once: those of the spec by their lines, then those of other files as they were found."""

    def line(fault: Fault) -> tuple[int, int]:
        source, _, number = fault.where.rpartition(":")
        return (0, int(number)) if source == str(file) and number.isdigit() else (1, 0)

    return sorted(dict.fromkeys(faults), key=line)


def _rows(
    spec: TaskSpec, file: Path, places: Places, texts: Mapping[str, str | None], variables: Sequence[str],
    chats: Mapping[str, bool], faults: list[Fault],
) -> _Rows:  # fmt: skip
    """The rows that the spec names; where their files cannot be read, that is told and nothing that only follows from it."""
    from distill.seeds import held_out, load
    from distill.seeds.formats.form import Form

    notes = list[str]()
    rows = _Rows([], [], None, [], notes)
    if not all(places.sound(("seeds", name)) for name in ("from", "as", "format")):
        return rows
    paths, pinned_paths = _paths(spec, file.parent)
    logged, given = spec.seeds.as_ == "chats", spec.seeds.format
    form = Form(names=tuple(variables), **(given.model_dump() if given else {}))
    columns = load.columns(paths, logged=logged, form=form)
    rows = rows._replace(columns=columns or None)
    ruled = _by_columns(spec, file, variables, columns, faults)
    read = functools.partial(
        load.read, variables=[name for name in variables if name in columns or not columns], rules=ruled,
        chats=chats, logged=logged,
        label_columns=[name for name in spec.strata.columns if name in columns],
        gold=spec.seeds.gold if columns else None, group=spec.seeds.group, blank=["system"] if logged else [],
        system=_has_system(texts, variables), strict=spec.seeds.broken == "refuse", form=form, notes=notes,
    )  # fmt: skip
    apart_paths = [file.parent / name for name in spec.seeds.held_out]
    with _told(faults, f"{file}: seeds.held_out", apart_paths, file):
        rows = rows._replace(held_out=held_out.read(apart_paths, variables=variables, form=form, notes=notes))
    pinned: Sequence[Seed] = []
    with _told(faults, f"{file}: seeds.test.from", pinned_paths, file):
        pinned = read(pinned_paths, need_gold=False, test=True)[0] if pinned_paths else []
    known = any(seed.gold is not None for seed in pinned)  # one of the files is enough
    with _told(faults, f"{file}: seeds.from", paths, file):
        seeds, bad = read(paths, need_gold=not known)
        rows = rows._replace(seeds=seeds, bad=bad)
    return rows._replace(pinned=pinned)


def _by_columns(
    spec: TaskSpec, file: Path, variables: Sequence[str], columns: Sequence[str], faults: list[Fault]
) -> list[Rule]:
    """The rules for labels. They and the labels are held against the columns, where some could be read."""
    from distill.seeds import sql_labels

    faults += [
        Fault(f"{file}: strata.labels.{name}", f"the seeds have {name!r} as a column already; call the label otherwise")
        for name in spec.strata.asked
        if name in columns or name in variables
    ]
    ruled, wrong_rules = sql_labels.parse(spec.strata.rules, columns=columns)
    if columns:
        faults += [Fault(f"{file}: {fault.where}", fault.message) for fault in wrong_rules]
        faults += _no_columns(spec, columns, file)
    return ruled


def _has_system(texts: Mapping[str, str | None], variables: Sequence[str]) -> bool:
    """Whether a prompt says what the model is to be: with a text of its own, or by naming the chats' own."""
    parsed = [prompts.parse(text, name) for name, text in texts.items() if text is not None]
    return "system" in variables or any(role == "system" for template in parsed for role, _ in template.turns)


def _no_columns(spec: TaskSpec, columns: Sequence[str], file: Path) -> list[Fault]:
    """Labels that no column holds: told of the setting, and not of each row."""
    return [
        Fault(f"{file}: strata.by", f"no column {name!r} in the seeds{did_you_mean(name, columns)}")
        if name in spec.strata.by
        else Fault(f"{file}: strata.edge_cases", f"no column {name!r} in the seeds{did_you_mean(name, columns)}")
        for name in spec.strata.columns
        if name not in columns
    ]


@contextlib.contextmanager
def _told(faults: list[Fault], setting: str, paths: Sequence[Path], file: Path) -> Iterator[None]:
    """Faults of files of rows: one of a file as a whole is of the setting that names it; the gold column has its own."""
    try:
        yield
    except SpecError as error:
        whole = {str(path) for path in paths}
        for one in error.faults:
            if one.where in whole:
                faults.append(Fault(setting, f"{web_address(one.where) or one.where}: {one.message}"))
            elif not one.where:
                faults.append(Fault(f"{file}: seeds.gold" if "gold column" in one.message else setting, one.message))
            else:
                faults.append(one)


def _labels(spec: TaskSpec, file: Path, variables: Sequence[str], faults: list[Fault]) -> dict[str, prompts.Template]:
    """Label → the template that asks for it; one may name what the task's own prompts name, for that makes a seed."""
    found = {}
    for label, asked in spec.strata.asked.items():
        text = files.text(file.parent / asked.ask, faults, named_by=f"{file}: strata.labels.{label}.ask")
        if text is not None:
            faults += prompts.faults(text, str(file.parent / asked.ask), columns=variables or None)
            found[label] = prompts.parse(text, asked.ask)
    return found


def _paths(spec: TaskSpec, folder: Path) -> tuple[list[Path], list[Path]]:
    pinned = spec.seeds.test.from_
    return [folder / name for name in spec.seeds.paths], [folder / pinned] if pinned else []
