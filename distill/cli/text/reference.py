"""What a spec can name, as lists for people and scripts: gates with what each drops and needs, presets of a training."""

from __future__ import annotations

from distill.curate.gates.registry import GATES
from distill.records import Json
from distill.spec.presets import PRESETS


def gates_json() -> list[dict[str, Json]]:
    """Every gate, in the order of the registry; `settings` are the defaults, `meanings` say what each setting does."""
    return [
        {
            "gate": name, "drops": gate.drops, "settings": gate.defaults, "meanings": gate.meanings,
            "needs": gate.needs or None, "cost": gate.cost,
        }
        for name, gate in GATES.items()
    ]  # fmt: skip


def gate_lines() -> list[str]:
    """A gate a paragraph: what it drops, its settings as a spec writes them, and what each means."""
    lines = []
    for name, gate in GATES.items():
        needs = f"; needs {gate.needs}" if gate.needs else ""
        lines.append(f"{name:14} drops {gate.drops} ({gate.cost}{needs})")
        spelt = [f"{setting}: {_spelt(default)}" for setting, default in gate.defaults.items()]
        width = max(map(len, spelt), default=0)
        lines += [
            f"{'':14}   {setting:{width}}  {meaning}"
            for setting, meaning in zip(spelt, gate.meanings.values(), strict=True)
        ]
    return lines


def presets_json() -> list[dict[str, Json]]:
    """Every preset with what it is for, what it needs, and what it sets."""
    return [
        {"preset": name, "about": preset.about, "needs": preset.needs, "settings": dict(preset.settings)}
        for name, preset in PRESETS.items()
    ]


def preset_lines() -> list[str]:
    """A preset a paragraph."""
    lines = []
    for name, preset in PRESETS.items():
        settings = ", ".join(f"{key}: {_spelt(value)}" for key, value in preset.settings.items())
        lines += [f"{name:6} {preset.about}", f"       needs {preset.needs}", f"       {settings}"]
    return [*lines, "in task.yaml: student: {train: {with: lora, preset: small, base: …}}"]


def _spelt(value: object) -> str:
    """A default as YAML."""
    if value is None:
        return "null"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value).lower()
