"""A checked task: its spec with everything the spec names, read and found consistent.

`open_project` raises one SpecError with every fault of spec, templates, schema, seeds and quotas together, before
anything is sent. Relative paths are taken from the spec's folder; `.distill/` and `runs/` stand in the project's home.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from distill import chat, prompts, spec
from distill.errors import Fault, SpecError, UsageError
from distill.money import Rate
from distill.teacher import bodies, embedded
from distill.teacher.endpoints import Address

if TYPE_CHECKING:
    import polars as pl

    from distill.records import Seed
    from distill.seeds.strata import EdgeCase

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
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
    tools: Sequence[Mapping[str, Any]]
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
    def teachers(self) -> list[Asked]:
        """Every model that answers, the teacher first, then its fallbacks or its panel in the spec's order."""
        first = self.spec.teacher
        return [
            Asked(
                _address(
                    one.model, one.base_url or first.base_url, _key_env(one, first), self.env, one.price,
                    timeout_s=_over(first.limits, one.limits).timeout_s, headers=one.headers, api=one.api,
                ),
                _over(first.sampling, one.sampling),
                _over(first.limits, one.limits),
                one.mode,
                one.batch,
            )
            for one in (first, *first.fallback, *first.panel)
        ]  # fmt: skip

    @property
    def models(self) -> str:
        """The names of all models that answer, as one text."""
        return " + ".join(one.address.model for one in self.teachers)

    @property
    def teacher(self) -> Address:
        """Where the teacher is."""
        return self.teachers[0].address

    def beside(self, address: Address) -> Asked:
        """A model that is no teacher, asked live within the teacher's limits, less its rates."""
        first = self.teachers[0]
        limits = first.limits.model_copy(update={"requests_per_minute": None, "tokens_per_minute": None})
        return replace(first, address=address, limits=limits, mode="live")

    @property
    def base(self) -> Address:
        """Where the student's base is, for the two base arms."""
        train = self.spec.student.train
        timeout_s = self.spec.teacher.limits.timeout_s
        return _address(train.base, train.base_url, train.key_env, self.env, train.price, timeout_s=timeout_s)


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the models that answer: where it is, how it is asked, what its endpoint takes, and by which way."""

    address: Address
    sampling: spec.Sampling
    limits: spec.Limits
    mode: str
    batch: spec.BatchSettings


Part = TypeVar("Part", spec.Sampling, spec.Limits)


def _over(base: Part, given: Part | None) -> Part:
    """The teacher's settings with those that a colleague sets itself."""
    if given is None:
        return base
    return base.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


def _key_env(one: spec.Colleague, first: spec.Teacher) -> str:
    """Whose key goes where: a model at the teacher's own address has its key; no other host gets a key that is not named."""
    if one.key_env is not None:
        return one.key_env
    if one.base_url is None or one.base_url == first.base_url:
        return first.key_env or "OPENAI_API_KEY"
    return "OPENAI_API_KEY" if bodies.dialect_of(one.base_url, "chat") == "openai" else ""


def _address(
    model: str, base_url: str | None, key_env: str, env: Mapping[str, str], price: spec.PriceGiven | None, *,
    timeout_s: float, headers: Mapping[str, str] | None = None, api: str = "chat",
) -> Address:  # fmt: skip
    rate = Rate(price.input, price.output, price.cached_input, price.reasoning, price.batch) if price else None
    given = headers or {}
    return Address(
        model=model,
        base_url=base_url or env.get("OPENAI_BASE_URL") or None,
        key=env.get(key_env) or None,
        key_env=key_env,
        headers={name: env.get(value[1:], "") if value.startswith("$") else value for name, value in given.items()},
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
    tools = _tools(file.parent / task.teacher.tools, faults) if task.teacher.tools else []
    templates = [prompts.parse(text, name) for name, text in texts.items() if text is not None]
    variables = list(dict.fromkeys(name for template in templates for name in template.variables))
    chats: dict[str, bool] = {}
    for template in templates:
        chats |= {name: last or chats.get(name, False) for name, last in template.chats.items()}
    paths, pinned_paths = _paths(task, file.parent)
    read = dict(
        logged=task.seeds.as_ == "chats",
        chats=chats,
        label_columns=task.strata.columns,
        gold=task.seeds.gold,
        strict=task.seeds.broken == "refuse",
    )
    columns = load.columns(paths, logged=task.seeds.as_ == "chats")
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
    faults += _gate_faults(task, file) + _header_faults(task, env, file) + _twin_faults(task, file)
    if task.teacher.tools and task.student.train.with_ == "lora":
        faults.append(
            Fault(
                f"{file}: teacher.tools",
                f"{task.student.train.base!r} has no tools in its chat template, so it cannot be tuned on calls; "
                "say `with: hosted` or `with: none` under student.train",
            )
        )
    if task.student.train.with_ == "lora" and any(
        chat.calls_tools(seed.fields[name]) for seed in seeds for name in chats
    ):
        faults.append(
            Fault(
                f"{file}: seeds",
                f"some conversations hold tool calls, and {task.student.train.base!r} has none in its chat template; "
                "say `with: hosted` or `with: none` under student.train",
            )
        )
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
        spec=task, path=file, home=home or home_of(file), output=output, tools=tools, seeds=seeds, pinned=pinned, bad_rows=bad_rows, env=env,
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


def _tools(path: Path, faults: list[Fault]) -> list[dict[str, Any]]:
    """The list of tools, each {"type": "function", "function": {"name", "description", "parameters"}}."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    text = _text(path, faults)
    if text is None:
        return []
    try:
        tools = json.loads(text)
    except ValueError as fault:
        faults.append(Fault(str(path), f"not JSON: {fault}"))
        return []
    if not isinstance(tools, list) or not tools:
        found_kind = "an empty list" if tools == [] else f"a JSON {type(tools).__name__}"
        faults.append(Fault(str(path), f"{found_kind}, expected a list of tools"))
        return []
    found: list[dict[str, Any]] = []
    for number, tool in enumerate(tools, 1):
        function = tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(name, str) and (
            not _TOOL_NAME.fullmatch(name) or name in [one["function"]["name"] for one in found]
        ):
            faults.append(
                Fault(
                    f"{path}: tool {number}",
                    f"the name {name!r}: expected up to 64 letters, digits, _ or -, each name once",
                )
            )
            continue
        if not isinstance(function, dict) or not isinstance(name, str):
            faults.append(
                Fault(
                    f"{path}: tool {number}", 'expected {"type": "function", "function": {"name": …, "parameters": …}}'
                )
            )
            continue
        try:
            Draft202012Validator.check_schema(function.get("parameters") or {})
        except SchemaError as fault:
            faults.append(Fault(f"{path}: tool {number}", f"its parameters are no JSON Schema: {fault.message}"))
        found.append({"type": "function", "function": function})
    return found


def _header_faults(task: spec.TaskSpec, env: Mapping[str, str], file: Path) -> list[Fault]:
    """Headers whose value is a variable that is not set."""
    models = (task.teacher, *task.teacher.fallback, *task.teacher.panel)
    return [
        Fault(f"{file}: headers", f"{name}: the variable {value} is not set")
        for model in models
        for name, value in model.headers.items()
        if value.startswith("$") and not env.get(value[1:])
    ]


def _twin_faults(task: spec.TaskSpec, file: Path) -> list[Fault]:
    """Teachers that would be asked the very same: their answers are one, and would be paid twice."""
    first = task.teacher
    seen: dict[tuple[object, ...], str] = {}
    faults = []
    for n, one in enumerate((first, *first.fallback, *first.panel)):
        where = f"teacher.{'panel' if first.panel else 'fallback'}[{n - 1}]" if n else "teacher"
        key = (
            one.model,
            one.base_url or first.base_url,
            one.api,
            _over(first.sampling, one.sampling).model_dump_json(),
        )
        if key in seen:
            faults.append(
                Fault(f"{file}: {where}", f"asks {one.model!r} the very same as {seen[key]}; name another model")
            )
        seen.setdefault(key, where)
    return faults


def _gate_faults(task: spec.TaskSpec, file: Path) -> list[Fault]:
    from distill.curate import gates

    needs = {"schema": task.teacher.output, "tools": task.teacher.tools}
    named = [name for name, _ in task.gate_settings()]
    blank: dict[str, dict[str, Any]] = {"schema": {"schema": {}}, "tools": {"tools": []}}
    settings = [(name, {**blank.get(name, {}), **given}) for name, given in task.gate_settings()]
    found = gates.faults(settings)
    for name, given in needs.items():
        if given is None and name in named:
            setting = "output; name a JSON Schema file" if name == "schema" else "tools; name a file of tools"
            found.append(Fault("gates", f"the gate `{name}` needs teacher.{setting} there or take the gate out"))
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
    way = "panel" if project.spec.teacher.panel else "fallback"
    asked = [
        (f"teacher.{way}[{n - 1}].price" if n else "teacher.price", one.address)
        for n, one in enumerate(project.teachers)
    ]
    for where, address in (*asked, ("student.train.price", project.base)):
        if address.price is None:
            raise UsageError(
                f"no price is known for {address.model!r}, so budget.usd cannot be held; "
                f"give {where}: {{input: …, output: …}} in dollars a million tokens, or take the budget out"
            )
