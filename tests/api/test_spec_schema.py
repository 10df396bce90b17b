"""The schema of task.yaml, by which editors complete and explain the gates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from distill.api.spec_schema import task_schema
from distill.curate.gates.registry import GATES

VALIDATOR = Draft202012Validator(task_schema())
SPEC = {"task": "t", "seeds": {"from": "a.jsonl"}, "teacher": {"model": "m"}}


def accepts(*gates: Any) -> bool:
    return bool(VALIDATOR.is_valid(SPEC | {"gates": list(gates)}))


def with_settings(name: str) -> dict[str, Any]:
    """What an editor offers inside `- name:`."""
    entry = task_schema()["properties"]["gates"]["anyOf"][0]["items"]["anyOf"][-1]
    (settings, nothing) = entry["properties"][name]["anyOf"]
    assert nothing == {"type": "null"}
    return dict(settings)


@pytest.mark.parametrize("name", GATES)
def test_schema_accepts_each_gate_by_name_and_with_its_defaults(name: str) -> None:
    defaults = json.loads(json.dumps(GATES[name].defaults))
    assert accepts(name)
    assert accepts({name: None}, {name: defaults})
    assert not accepts({name: {**defaults, "no_such_setting": 1}})
    assert not accepts({name: {}, "finish": {}})


@pytest.mark.parametrize("name", GATES)
def test_schema_explains_each_gate_and_setting(name: str) -> None:
    (named,) = (
        one for one in task_schema()["properties"]["gates"]["anyOf"][0]["items"]["anyOf"] if one.get("const") == name
    )
    assert GATES[name].drops in named["description"]
    settings = with_settings(name)["properties"]
    assert list(settings) == list(GATES[name].defaults)
    assert all(one["description"] and "default" in one for one in settings.values())


@pytest.mark.parametrize(
    "gate",
    ["lenght", {"length": {"max_tokens": "many"}}, {"length": {"max_tokens": 0}}, {"pii": {"action": "hide"}},
     {"judge": {"at_least": 6}}, {"language": {"is_": "en"}}, {"schema": {"schema": {}}}, {}, {"length": {}, "echo": {}}],
)  # fmt: skip
def test_schema_refuses_what_the_spec_refuses(gate: Any) -> None:
    assert not accepts(gate)


def test_schema_wants_one_gate_at_least() -> None:
    assert not accepts()
    assert VALIDATOR.is_valid(SPEC)
