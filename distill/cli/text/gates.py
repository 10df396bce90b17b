"""The gates as a list for people and scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.records import Json


@dataclass(frozen=True, slots=True)
class GateRow:
    """What a person reads of a gate before naming it; `settings` are the defaults, `meanings` say what each setting does."""

    gate: str
    drops: str
    settings: Mapping[str, Json]
    meanings: Mapping[str, str]
    needs: str | None
    cost: str


def gate_rows() -> list[GateRow]:
    """Every gate, in the order of the registry."""
    from distill.curate.gates.registry import GATES

    return [
        GateRow(name, gate.drops, gate.defaults, gate.meanings, gate.needs or None, gate.cost)
        for name, gate in GATES.items()
    ]


def gate_lines(rows: Sequence[GateRow]) -> list[str]:
    """A gate a paragraph: what it drops, its settings as a spec writes them, and what each means."""
    lines = []
    for row in rows:
        needs = f"; needs {row.needs}" if row.needs else ""
        lines.append(f"{row.gate:14} drops {row.drops} ({row.cost}{needs})")
        spelt = [f"{name}: {_spelt(default)}" for name, default in row.settings.items()]
        width = max(map(len, spelt), default=0)
        lines += [
            f"{'':14}   {setting:{width}}  {meaning}"
            for setting, meaning in zip(spelt, row.meanings.values(), strict=True)
        ]
    return lines


def _spelt(value: object) -> str:
    """A default as YAML."""
    if value is None:
        return "null"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value).lower()
