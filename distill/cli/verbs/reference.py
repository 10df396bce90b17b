"""`distill gates` and `schema`: all that a spec may say."""

from __future__ import annotations

import json

from distill.cli.options import AsJson, out


def gates(as_json: AsJson = False) -> None:
    """List the gates that a spec can name.

    What each drops, its settings with their defaults, what it needs and costs.
    """
    from distill.cli.text import gates as gate_list

    rows = gate_list.rows()
    out({"gates": rows}, as_json, gate_list.lines(rows))


def schema() -> None:
    """Print the JSON Schema of task.yaml.

    Editors use it to complete and check a spec.
    """
    from distill import spec

    print(json.dumps(spec.schema(), indent=2))
