"""`distill gates`, `presets` and `schema`: all that a spec may say."""

from __future__ import annotations

import json

from distill.cli.options import AsJson, out


def gates(as_json: AsJson = False) -> None:
    """List the gates that a spec can name.

    What each drops, needs and costs, and its settings with defaults and meanings.
    """
    from distill.cli.text.reference import gate_lines, gates_json

    out({"gates": gates_json()}, as_json, gate_lines())


def presets(as_json: AsJson = False) -> None:
    """List the presets of a training.

    Their settings and what they need. `student.train.preset` names one; a key that the spec sets itself wins.
    """
    from distill.cli.text.reference import preset_lines, presets_json

    out({"presets": presets_json()}, as_json, preset_lines())


def schema(as_json: AsJson = False) -> None:  # noqa: ARG001 - it is JSON either way; errors then are too
    """Print the JSON Schema of task.yaml.

    Editors use it to complete and check a spec.
    """
    from distill.api.spec_schema import task_schema

    print(json.dumps(task_schema(), indent=2))
