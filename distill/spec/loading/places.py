"""Where each setting of a spec stands: a line of its file, or the option of the command that gave it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from distill.errors import Fault
from distill.secrets import withheld
from distill.spec.loading.yaml_lines import NodePath

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(slots=True)
class Places:
    """`source` is the spec's file as the user named it; `lost` are settings that a fault was found of already."""

    source: str
    lines: Mapping[NodePath, int]
    options: dict[NodePath, str] = field(default_factory=dict)
    lost: set[NodePath] = field(default_factory=set)

    def of(self, path: NodePath) -> str:
        """`task.yaml:7`, of the nearest setting around where this one does not stand itself; or `--set a.b`."""
        if path and path not in self.lines:  # a group that an option has made
            given = next((option for one, option in self.options.items() if one[: len(path)] == path), None)
            if given is not None:
                return given
        around = [path[:n] for n in range(len(path), -1, -1)]
        line = next((self.lines[one] for one in around if one in self.lines), 1)
        return next((self.options[one] for one in around if one in self.options), f"{self.source}:{line}")

    def sound(self, path: NodePath) -> bool:
        """Whether no fault was found of a setting, of what it is part of, or of its parts."""
        return not any(one[: len(path)] == path or path[: len(one)] == one for one in self.lost)

    def located(self, faults: Iterable[Fault]) -> list[Fault]:
        """Faults whose place is a setting (`task.yaml: gates[0].verify`), with its line; without those that follow from
        another fault of the same setting. Other faults stay as they are.
        """
        found, begins = [], f"{self.source}: "
        for fault in faults:
            if not fault.where.startswith(begins):
                found.append(fault)
                continue
            dotted = fault.where.removeprefix(begins)
            if self.sound(path := path_of(dotted)):
                where = self.of(path)
                named = "" if where == f"--set {dotted}" else f"{dotted}: "
                found.append(Fault(where, named + fault.message))
        return found


def path_of(dotted: str) -> NodePath:
    """`gates[0].verify` → ("gates", 0, "verify")."""
    return tuple(int(number) if number else name for number, name in _STEP.findall(dotted))


def dotted(path: NodePath) -> str:
    """`a.b.0`; a part of it that may be a key is withheld."""
    return ".".join(withheld.masked(str(part)) if len(str(part)) <= 60 else f"{str(part)[:20]}…" for part in path)
