"""A raw mapping against the spec's models: every fault, in words for the person who wrote it, and the spec without them."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Sequence
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from distill.errors import Fault
from distill.records import Json
from distill.secrets import withheld
from distill.spec.loading import wording
from distill.spec.loading.places import Places, dotted, path_of
from distill.spec.loading.yaml_lines import NodePath, at
from distill.spec.task import TaskSpec

_ROUNDS = 20
_STANDS_IN: dict[NodePath, Json] = {
    ("task",): "unnamed",
    ("seeds",): {"from": "unnamed"},
    ("seeds", "from"): "unnamed",
    ("teacher",): {"model": "scripted"},
    ("teacher", "model"): "scripted",
}
"""What a spec must have, while the rest of one that lacks it is looked at."""


def checked(raw: dict[str, Json], places: Places) -> tuple[TaskSpec | None, list[Fault]]:
    """The spec, less what is wrong with it. A fault that only follows from another is left out."""
    faults: list[Fault] = []
    rest = copy.deepcopy(raw)
    for round_ in range(_ROUNDS):
        try:
            return TaskSpec.model_validate(rest), faults
        except ValidationError as fault:
            errors = fault.errors()
        known = set(places.lost)
        for path, same in _by_path(errors).items():
            if _is_new(same[0], path, known, first=round_ == 0):
                faults.append(_fault(same, path, places))
            places.lost.add(_left_out(rest, path, same[0]["type"]))
    return None, faults


def _by_path(errors: Sequence[ErrorDetails]) -> dict[NodePath, list[ErrorDetails]]:
    """The errors of each setting: one that may be of several kinds has one for each."""
    found: dict[NodePath, list[ErrorDetails]] = {}
    for error in errors:
        found.setdefault(_path(error), []).append(error)
    return found


def _is_new(error: ErrorDetails, path: NodePath, known: set[NodePath], *, first: bool) -> bool:
    """Whether an error says more than those before: it is of no setting left out, nor of what one would have been."""
    if error["type"] == "extra_forbidden" and path in known:  # a key under a name that is none: the name is a fault
        return True
    if any(path[: len(one)] == one for one in known):
        return False
    return first or not any(str(one[-1]) in str(error["msg"]) for one in known if one)


def _left_out(rest: dict[str, Json], path: NodePath, kind: str) -> NodePath:
    """Take a wrong setting out of what is looked at, or put in what stands for a missing one; returns which it was."""
    if kind == "missing" and path in _STANDS_IN:
        if isinstance(group := at(rest, path[:-1]), dict):
            group[path[-1]] = copy.deepcopy(_STANDS_IN[path])
        return path
    for n in range(len(path), 0, -1):  # the setting, or the group around it where it stands in none that is there
        if not isinstance(path[n - 1], str) or (kind == "missing" and n == len(path)):
            continue
        group = at(rest, path[: n - 1])
        if isinstance(group, dict) and path[n - 1] in group:
            del group[path[n - 1]]
            if path[:n] in _STANDS_IN:
                group[path[n - 1]] = copy.deepcopy(_STANDS_IN[path[:n]])
            return path[:n]
    rest.clear()
    rest.update({str(name[0]): copy.deepcopy(value) for name, value in _STANDS_IN.items() if len(name) == 1})
    return ()


def _path(error: ErrorDetails) -> NodePath:
    """Where an error is, without what pydantic adds of the types that it tried."""
    loc = error["loc"]
    return tuple(
        part for part in loc if not (isinstance(part, str) and ("[" in part or part in ("str", "int", "float")))
    )


def _fault(errors: Sequence[ErrorDetails], path: NodePath, places: Places) -> Fault:
    error = errors[0]
    where, name, kind, found = places.of(path), dotted(path), error["type"], error.get("input")
    if kind == "extra_forbidden":
        return Fault(where, f"unknown key `{name}`; {_known_hint(path)}")
    if kind == "missing":
        return Fault(where, f"`{name}` is missing and has no default")
    message = wording.sentence(errors)
    if kind == "value_error" and not path:  # of the spec as a whole: the message starts with the place
        return Fault(places.of(path_of(message.split(" ", 1)[0])), message)
    if kind == "value_error" and _group(found):  # what it says is what is wrong between its parts
        return Fault(where, f"`{name}`: {message}")
    if message.startswith("it "):  # the value, or that it is withheld, is in the sentence
        return Fault(where, f"`{name}` {message.removeprefix('it ')}")
    if kind in ("model_type", "model_attributes_type") and (known := _known(path)):
        message += f": {', '.join(known)}{_meant(path, found)}"
    if found is None:
        return Fault(where, f"`{name}` is empty: {message}")
    if _group(found):
        return Fault(where, f"`{name}` is a {'list' if isinstance(found, list) else 'mapping'}: {message}")
    spelt = withheld.shown(found, path)
    if spelt is None and isinstance(found, str) and withheld.looks_like_key(found) and "headers" not in path:
        return Fault(where, f"`{name}` {withheld.KEY_HINT}")
    return Fault(where, f"`{name}`{' (withheld)' if spelt is None else f' is {spelt}'}: {message}")


def _known_hint(path: NodePath) -> str:
    known = _known(path[:-1])
    name = str(path[-1])
    if "key_env" in known and withheld.names_a_secret([name]):
        return "a key never stands in a spec: `key_env` takes the NAME of the environment variable that holds it"
    if name.isdigit():
        return "if it is part of a number, write 1000 or 0.25: in a number of YAML there is no comma"
    close = difflib.get_close_matches(name, known, 1)
    if not close and (others := _elsewhere(name, path[:-1])):
        return f"it stands under {' or '.join(f'`{one}`' for one in others)}"
    return f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"


def _group(found: object) -> bool:
    """Whether a value is a group of settings, or a list of them."""
    return isinstance(found, dict) or (isinstance(found, list) and any(isinstance(one, dict) for one in found))


def _known(path: NodePath) -> list[str]:
    """The keys a group of the spec takes."""
    model = _model(path)
    return [field.alias or name for name, field in model.model_fields.items()] if model is not None else []


def _model(path: NodePath) -> type[BaseModel] | None:
    """The group of settings that a path leads to."""
    model: type[BaseModel] = TaskSpec
    named = False
    for part in path:
        if isinstance(part, int) or named:
            named = False  # a name that the user chose
            continue
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        inner = next(_models(field.annotation), None) if field is not None else None
        if field is None or inner is None:
            return None
        model, named = inner, get_origin(field.annotation) is dict
    return model


def _meant(path: NodePath, found: object) -> str:
    """The group that one word was most likely meant as: `none` for `train` is `{with: none}`."""
    model = _model(path)
    if not isinstance(found, str) or model is None:
        return ""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    words = [name for name, field in fields.items() if found in get_args(field.annotation)]
    likely = [*words, *(name for name, field in fields.items() if field.is_required())]
    said = likely and withheld.shown(found) and found.isprintable() and len(found) <= withheld.SHOWN
    return f"; did you mean `{{{likely[0]}: {found}}}`?" if said else ""


def _elsewhere(name: str, group: NodePath) -> list[str]:
    """The groups of the spec, below one of them or else anywhere, that take a key of this name: the outermost ones."""
    groups = sorted((one for one in _groups(TaskSpec, ()) if name in _known(one)), key=len)
    within = [one for one in groups if one[: len(group)] == group] or groups
    return [dotted(one) for one in within if len(one) == len(within[0])][:3]


def _groups(model: type[BaseModel], path: NodePath) -> Iterator[NodePath]:
    """The groups that are no list and carry no name of the user's."""
    for name, field in model.model_fields.items():
        inner = next(_models(field.annotation), None)
        if inner is not None and get_origin(field.annotation) not in (dict, list):
            here = (*path, field.alias or name)
            yield here
            yield from _groups(inner, here)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """The groups of settings that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
