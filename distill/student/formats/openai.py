"""OpenAI's chat rows, which most hosts and trainers read: {"messages": […], "tools": […], "parallel_tool_calls": false}.

An assistant's turn before the last has "weight": 0: it is context and does not train.
"""

from __future__ import annotations

from distill.records import Json
from distill.student.formats.row import TrainingRow


def row(given: TrainingRow) -> dict[str, Json]:
    return {"messages": list(given.messages), **given.called_with}
