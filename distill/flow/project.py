"""A checked task: its spec with everything the spec names, read and found consistent.

`open_project` raises one SpecError with every fault of spec, templates, schema, seeds and quotas together, before
anything is sent. Relative paths are taken from the spec's folder; `.distill/` and `runs/` stand in the project's home.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill import prompts, spec
from distill.errors import Fault, SpecError, UsageError
from distill.money import Rate
from distill.teacher import embedded
from distill.teacher.endpoints import Address

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Seed
    from distill.seeds.strata import EdgeCase

_HOME_MARKS = (".distill", "pyproject.toml", ".git", "runs")


@dataclass(frozen=True, slots=True)
class Project:
    """What the stages need of a task. `env` is given by the command line, the only place that reads it."""

    spec: spec.TaskSpec
    path: Path
    home: Path
    teacher_prompt: prompts.Template
    student_prompt: prompts.Template
    output: Mapping[str, Any] | None
    seeds: Sequence[Seed]
    pinned: Sequence[Seed]
    bad_rows: pl.DataFrame
    env: Mapping[str, str] = field(repr=False)

    @property
    def store_path(self) -> Path:
        return self.home / ".distill" / "answers.db"

    @property
    def edge_cases(self) -> list[EdgeCase]:
        from distill.seeds.strata import EdgeCase

        return [EdgeCase(case.where, case.at_least) for case in self.spec.strata.edge_cases]

    @property
    def teacher(self) -> Address:
        """Where the teacher is."""
        given = self.spec.teacher
        return _address(
            given.model,
            given.base_url,
            given.key_env,
            self.env,
            given.price,
            given.headers,
            given.limits.timeout_s,
            given.api,
        )

    @property
    def base(self) -> Address:
        """Where the student's base is, for the two base arms."""
        train = self.spec.student.train
        timeout_s = self.spec.teacher.limits.timeout_s
        return _address(train.base, train.base_url, train.key_env, self.env, train.price, {}, timeout_s)


def _address(
    model: str, base_url: str | None, key_env: str, env: Mapping[str, str], price: spec.PriceGiven | None,
    headers: Mapping[str, str], timeout_s: float, api: str = "chat",
) -> Address:  # fmt: skip
    rate = Rate(price.input, price.output, price.cached_input) if price else None
    return Address(
        model=model,
        base_url=base_url or env.get("OPENAI_BASE_URL") or None,
        key=env.get(key_env) or None,
        key_env=key_env,
        headers=headers,
        rate=rate,
        timeout_s=timeout_s,
        api=api,
    )


def home_of(path: Path) -> Path:
    """The nearest folder above the spec that holds a project; the spec's own folder where none does."""
    start = path.resolve() if path.is_dir() else path.resolve().parent
    return next(
        (folder for folder in (start, *start.parents) if any((folder / mark).exists() for mark in _HOME_MARKS)),
        start,
    )


def open_project(
    path: Path, *, overrides: Sequence[str] = (), env: Mapping[str, str], home: Path | None = None
) -> Project:
    """Read and check everything; see the module's docstring for what is raised."""
    from distill.seeds import load

    task = spec.load(path, overrides)
    file = path / "task.yaml" if path.is_dir() else path
    faults: list[Fault] = []
    texts = {name: _text(file.parent / name, faults) for name in (task.teacher.prompt, task.student.prompt)}
    output = _schema(file.parent / task.teacher.output, faults) if task.teacher.output else None
    variables = list(dict.fromkeys(v for n, t in texts.items() if t is not None for v in prompts.parse(t, n).variables))
    paths, pinned_paths = _paths(task, file.parent)
    read = dict(label_columns=task.strata.columns, gold=task.seeds.gold, strict=task.seeds.broken == "refuse")
    columns = load.columns(paths)
    for name, text in texts.items():
        faults += prompts.faults(text, str(file.parent / name), columns=columns) if text is not None else []
    seeds: list[Seed] = []
    pinned: list[Seed] = []
    bad_rows = None
    try:
        usable = [name for name in variables if name in columns]
        seeds, bad_rows = load.read(paths, variables=usable, **read)  # type: ignore[arg-type]  # one dict for both reads
        if pinned_paths:
            pinned, _ = load.read(pinned_paths, variables=usable, **read)  # type: ignore[arg-type]  # as above
    except SpecError as fault:
        faults += fault.faults
    faults += _gate_faults(task, file)
    if task.student.train.with_ == "lora" and task.student.train.base != embedded.MODEL:
        faults.append(
            Fault(
                f"{file}: student.train.base",
                f"{task.student.train.base!r} cannot be tuned here: `with: lora` tunes {embedded.MODEL!r}; "
                "for a model of a host say `with: hosted`",
            )
        )
    if not faults:
        faults += _quota_faults(task, seeds, file)
    if faults or bad_rows is None:
        raise SpecError(str(file), faults)
    return Project(
        spec=task, path=file, home=home or home_of(file), output=output, seeds=seeds, pinned=pinned, bad_rows=bad_rows, env=env,
        teacher_prompt=prompts.parse(texts[task.teacher.prompt] or "", task.teacher.prompt),
        student_prompt=prompts.parse(texts[task.student.prompt] or "", task.student.prompt),
    )  # fmt: skip


def _paths(task: spec.TaskSpec, folder: Path) -> tuple[list[Path], list[Path]]:
    pinned = task.seeds.test.from_
    return [folder / name for name in task.seeds.paths], [folder / pinned] if pinned else []


def _text(path: Path, faults: list[Fault]) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = ", ".join(sorted(p.name for p in path.parent.glob("*.md"))) or "no .md file"
        faults.append(Fault(str(path), f"no such file; the folder holds {near}"))
    except (OSError, UnicodeDecodeError) as fault:
        faults.append(Fault(str(path), f"cannot be read: {fault}"))
    return None


def _schema(path: Path, faults: list[Fault]) -> dict[str, Any] | None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    text = _text(path, faults)
    if text is None:
        return None
    try:
        schema = json.loads(text)
        Draft202012Validator.check_schema(schema)
    except ValueError as fault:
        faults.append(Fault(str(path), f"not JSON: {fault}"))
    except SchemaError as fault:
        faults.append(Fault(str(path), f"no JSON Schema: {fault.message} at {fault.json_path}"))
    else:
        if isinstance(schema, dict) and schema.get("type") == "object":
            return schema
        faults.append(Fault(str(path), 'an answer\'s schema must say `"type": "object"`'))
    return None


def _gate_faults(task: spec.TaskSpec, file: Path) -> list[Fault]:
    from distill.curate import filters

    settings = [(name, {"schema": {}, **given} if name == "schema" else given) for name, given in task.gate_settings()]
    found = filters.faults(settings)
    if task.teacher.output is None and any(name == "schema" for name, _ in task.gate_settings()):
        found.append(
            Fault(
                "gates",
                "the gate `schema` needs teacher.output; name a JSON Schema file there or take the gate out",
            )
        )
    return [Fault(f"{file}: {fault.where}", fault.message) for fault in found]


def _quota_faults(task: spec.TaskSpec, seeds: Sequence[Seed], file: Path) -> list[Fault]:
    """What the seeds cannot give, counted on the rows that are left when the test rows are set aside."""
    from distill.flow import seeding
    from distill.seeds import strata

    if task.seeds.test.rows and task.seeds.test.rows >= len(seeds):
        return [
            Fault(
                f"{file}: seeds.test.rows",
                f"{task.seeds.test.rows} asked of {len(seeds)} seeds; leave some to train on",
            )
        ]
    rows = seeding.training_labels(task, seeds)
    cases = [strata.EdgeCase(case.where, case.at_least) for case in task.strata.edge_cases]
    found = strata.faults(rows, accept=task.dataset.accept, per_stratum=task.dataset.per_stratum, edge_cases=cases)
    return [Fault(f"{file}: {fault.where}", fault.message) for fault in found]


def need_price(project: Project) -> None:
    """A budget over a model without a price is no wall: refuse before the first send."""
    if project.spec.budget.usd is None:
        return
    for where, address in (("teacher.price", project.teacher), ("student.train.price", project.base)):
        if address.price is None:
            raise UsageError(
                f"no price is known for {address.model!r}, so budget.usd cannot be held; "
                f"give {where}: {{input: …, output: …}} in dollars a million tokens, or take the budget out"
            )
