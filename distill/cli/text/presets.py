"""The presets of a training, for people and scripts."""

from __future__ import annotations

from distill.records import Json
from distill.spec.presets import PRESETS


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
    """A value as YAML."""
    return "null" if value is None else str(value).lower()
