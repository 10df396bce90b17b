"""`task.yaml` → `TaskSpec`, or every fault of it at once.

Unknown keys are refused with the nearest known one, duplicate keys too; each fault carries the line it stands on.
`--set a.b=c` is applied to the raw mapping first, so it is checked like the rest.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from distill import yaml_lines
from distill.errors import Fault, SpecError, UsageError
from distill.spec.task import TaskSpec
from distill.yaml_lines import NodePath


def load(path: Path, overrides: Sequence[str] = ()) -> TaskSpec:
    """Read, override and check a spec; raises SpecError with all faults, or UsageError where there is no file."""
    if path.is_dir():
        path = path / "task.yaml"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"no spec at {path}; `distill init {path.parent}` writes a first one") from None
    except (UnicodeDecodeError, OSError) as fault:
        raise UsageError(f"{path}: cannot be read: {fault}") from fault
    raw, lines = yaml_lines.read(text, str(path))
    for override in overrides:
        _set(raw, override)
    try:
        return TaskSpec.model_validate(raw)
    except ValidationError as fault:
        raise SpecError(str(path), [_fault(error, lines, str(path)) for error in fault.errors()]) from None


def schema() -> dict[str, Any]:
    """The spec's JSON Schema, for editors."""
    return TaskSpec.model_json_schema(by_alias=True) | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def _set(raw: dict[str, Any], override: str) -> None:
    """Apply one `a.b=value`; the value is read as YAML, so `3`, `true`, `null` and `[a, b]` mean what they look like."""
    dotted, equals, value = override.partition("=")
    if not equals or not dotted:
        raise UsageError(f"--set {override!r}: expected a.b=value, e.g. --set teacher.limits.in_flight=8")
    *parents, last = dotted.split(".")
    here = raw
    for name in parents:
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            raise UsageError(f"--set {override!r}: `{name}` holds {here!r}, not a group of settings")
    try:
        here[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UsageError(f"--set {override!r}: {value!r} is not a YAML value") from None


def _fault(error: Mapping[str, Any], lines: Mapping[NodePath, int], source: str) -> Fault:
    path = tuple(
        part
        for part in error["loc"]
        if not (isinstance(part, str) and ("[" in part or part in ("str", "int", "float")))
    )
    line = _line(path, lines)
    dotted = ".".join(map(str, path))
    kind, found = error["type"], error.get("input")
    if kind == "extra_forbidden":
        known = _known(path[:-1])
        close = difflib.get_close_matches(str(path[-1]), known, 1)
        hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        return Fault(f"{source}:{line}", f"unknown key `{dotted}`; {hint}")
    if kind == "missing":
        return Fault(f"{source}:{line}", f"`{dotted}` is missing and has no default")
    message = str(error["msg"]).removeprefix("Value error, ")
    if kind == "value_error" and not path:  # of the spec as a whole: the message starts with the place
        return Fault(f"{source}:{_line(_named(message), lines)}", message)
    if kind == "value_error" and _group(found):  # what it says is what is wrong between its parts
        return Fault(f"{source}:{line}", f"`{dotted}`: {message}")
    if "headers" in path:  # its value may be the key itself
        return Fault(f"{source}:{line}", f"`{dotted}`: {message}")
    return Fault(f"{source}:{line}", f"`{dotted}` is {found!r}: {message[0].lower() + message[1:]}")


def _line(path: NodePath, lines: Mapping[NodePath, int]) -> int:
    """The line of a node, or of the nearest one around it."""
    return next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), 1)


def _named(message: str) -> NodePath:
    """`strata.quotas[0].share is …` → where that is."""
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"\w+", message.split(" ", 1)[0]))


def _group(found: Any) -> bool:
    """Whether a value is a group of settings, or a list of them."""
    return isinstance(found, dict) or (isinstance(found, list) and any(isinstance(one, dict) for one in found))


def _known(path: NodePath) -> list[str]:
    """The keys a group of the spec takes."""
    model: Any = TaskSpec
    named = False
    for part in path:
        if isinstance(part, int) or named:
            named = False  # a name that the user chose
            continue
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        model = next(_models(field.annotation), None) if field is not None else None
        if field is None or model is None:
            return []
        named = get_origin(field.annotation) is dict
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The groups of settings that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
