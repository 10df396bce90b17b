"""Preference pairs: OpenAI's (method `dpo` of a tuning job) and TRL's (DPOTrainer and others).

openai   {"input": {"messages": […], "tools": […]}, "preferred_output": [turn], "non_preferred_output": [turn]}
trl      {"prompt": [turns], "chosen": [turn], "rejected": [turn], "tools": "[…]"}
"""

from __future__ import annotations

from distill.records import Json
from distill.student.formats import trl
from distill.student.formats.row import PreferenceRow, with_parsed_calls


def openai_row(pair: PreferenceRow) -> dict[str, Json]:
    asked = {"messages": pair.row.prompt, **pair.row.called_with}
    return {"input": asked, "preferred_output": [pair.row.answer], "non_preferred_output": [pair.rejected]}


def trl_row(pair: PreferenceRow) -> dict[str, Json]:
    turns = [with_parsed_calls(turn) for turn in pair.row.prompt]
    chosen, rejected = with_parsed_calls(pair.row.answer), with_parsed_calls(pair.rejected)
    return {"prompt": turns, "chosen": [chosen], "rejected": [rejected], **trl.tools(pair.row)}
