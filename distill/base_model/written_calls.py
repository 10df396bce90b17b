"""Calls of tools in what a local model writes, as chat templates have models write them; a server reads them so for its own models.

<tool_call>{"name": …, "arguments": {…}}</tool_call>     Qwen, Hermes, Granite, SmolLM3
{"name": …, "parameters": {…}}                           Llama 3; nothing else stands in the answer
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from distill.records import Json

_TAGGED = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_ARGUMENTS = ("arguments", "parameters")


def calls_of(text: str) -> tuple[str, list[dict[str, Json]]]:
    """(what is said beside the calls, the calls as {"name", "arguments"}); a text that holds none stays as it is."""
    tagged = [_call(inner) for inner in _TAGGED.findall(text)]
    if tagged and all(tagged):
        return _TAGGED.sub("", text).strip(), [call for call in tagged if call is not None]
    alone = _call(text)
    return ("", [alone]) if alone is not None else (text, [])


def _call(text: str) -> dict[str, Json] | None:
    try:
        found: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, Mapping) or not isinstance(found.get("name"), str):
        return None
    given = next((name for name in _ARGUMENTS if isinstance(found.get(name), Mapping)), None)
    return {"name": found["name"], "arguments": found[given]} if given is not None else None
