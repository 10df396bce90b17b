"""TRL's conversational prompt and completion: {"prompt": [turns], "completion": [the answer], "tools": "[…]"}.

TRL trains on the completion alone; of `messages` it would by default train on every turn. Tools are JSON in a text, which TRL
reads, since their schemas differ and a table has one; the arguments of a call are an object, as chat templates expect.
"""

from __future__ import annotations

import json

from distill.records import Json
from distill.student.formats.row import TrainingRow, with_parsed_calls


def row(given: TrainingRow) -> dict[str, Json]:
    turns = [with_parsed_calls(turn) for turn in given.prompt]
    return {"prompt": turns, "completion": [with_parsed_calls(given.answer)], **tools(given)}


def tools(given: TrainingRow) -> dict[str, Json]:
    """The column `tools`, in rows that have some."""
    return {"tools": json.dumps(list(given.tools), ensure_ascii=False)} if given.tools else {}
