"""The gates as a list for people and scripts."""

from __future__ import annotations

import inspect
from typing import Any


def rows() -> list[dict[str, Any]]:
    """Name, what is dropped, settings with their defaults, needs and cost of every gate."""
    from distill.curate.gates.registry import GATES

    empty, given = inspect.Parameter.empty, {"schema": "schema", "tools": "tools"}  # these come from the spec's files
    return [
        {
            "gate": name,
            "drops": gate.drops,
            "settings": {
                one: default
                for one, (_, default) in gate.settings.items()
                if default is not empty and one != given.get(name)
            },
            "needs": gate.needs or None,
            "cost": gate.cost,
        }
        for name, gate in GATES.items()
    ]


def lines(found: list[dict[str, Any]]) -> list[str]:
    """A gate a paragraph; the settings as a spec writes them."""
    said = []
    for row in found:
        settings = ", ".join(f"{name}: {_spelt(default)}" for name, default in row["settings"].items())
        needs = f"; needs {row['needs']}" if row["needs"] else ""
        said.append(f"{row['gate']:14} drops {row['drops']} ({row['cost']}{needs})")
        said += [f"{'':14} {{{settings}}}"] if settings else []
    return said


def _spelt(value: Any) -> str:
    return (
        "null"
        if value is None
        else f"[{', '.join(map(str, value))}]"
        if isinstance(value, tuple)
        else str(value).lower()
    )
