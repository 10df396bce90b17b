"""The JSON Schema of task.yaml with every gate and its settings, by which editors complete and explain a spec."""

from __future__ import annotations

from distill import spec
from distill.curate.gates.registry import GATES, Gate
from distill.records import Json


def task_schema() -> dict[str, Json]:
    """The spec's schema; an entry of `gates` is a gate's name, or one `name: {settings}`."""
    schema = spec.schema()
    gates = schema["properties"]["gates"]
    (listed,) = (kind for kind in gates["anyOf"] if kind.get("type") == "array")
    listed |= {"items": _gate_schema(), "minItems": 1}
    return schema


def _gate_schema() -> dict[str, Json]:
    names = [{"const": name, "description": _description(gate)} for name, gate in GATES.items()]
    with_settings = {
        "type": "object",
        "description": "a gate with its settings",
        "properties": {name: _settings_schema(name, gate) for name, gate in GATES.items()},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [*names, with_settings]}


def _settings_schema(name: str, gate: Gate) -> dict[str, Json]:
    settings = gate.model.model_json_schema(by_alias=True)
    return {
        "description": _description(gate),
        "anyOf": [settings | {"title": name, "description": f"settings of the gate `{name}`"}, {"type": "null"}],
    }


def _description(gate: Gate) -> str:
    needs = f"; needs {gate.needs}" if gate.needs else ""
    return f"Drops {gate.drops} ({gate.cost}{needs})."
