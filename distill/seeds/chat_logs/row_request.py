"""What a row's own chat was asked with: its tools and how they may be called, in the chat API's spelling.

"tools": [{"type": "function", "function": {"name": …, "description": …, "parameters": {…}}}]   also as a text of JSON
{"name": …, "parameters": {…}}    {"name": …, "input_schema": {…}}    {"functionDeclarations": […]}    "functions": […]
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping

from distill.chat.content import kind
from distill.records import Json, canonical
from distill.text.normalise import strict_json

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_SCHEMAS = ("parameters", "input_schema", "inputSchema", "parametersJsonSchema")


def request_of(row: Mapping[str, Json]) -> dict[str, Json]:
    """What the row brings: any of tools, tool_choice, parallel_tool_calls and response_format. ValueError names the key at fault."""
    found: dict[str, Json] = {}
    for key in ("tools", "functions"):
        if (given := _value(row.get(key), key)) and "tools" not in found:
            found["tools"] = json.loads(_tools(canonical(given), key))
    choice = row.get("tool_choice") or row.get("function_call")
    if choice is not None and (choice := _choice(choice)) is not None:
        found["tool_choice"] = choice
    if isinstance(row.get("parallel_tool_calls"), bool):
        found["parallel_tool_calls"] = row["parallel_tool_calls"]
    elif row.get("parallel_tool_calls") is not None:
        raise ValueError(f"`parallel_tool_calls` is {kind(row['parallel_tool_calls'])}, expected true or false")
    if form := _value(row.get("response_format"), "response_format"):
        if not isinstance(form, Mapping) or not isinstance(form.get("type"), str):
            raise ValueError('`response_format` is no {"type": …}')
        found["response_format"] = dict(form)
    if "tools" not in found:
        found = {
            name: value for name, value in found.items() if name == "response_format"
        }  # of no tools they say nothing
    return found


def _value(value: Json, key: str) -> Json:
    """A key's value, which may be spelt as JSON in a text."""
    if not isinstance(value, str) or not value.strip():
        return value if not isinstance(value, str) else None
    try:
        return strict_json(value)
    except ValueError as error:
        raise ValueError(f"`{key}` is a text that is no JSON: {error}") from None


@functools.lru_cache(maxsize=1024)  # the rows of a log mostly have the same few
def _tools(spelt: str, key: str) -> str:
    """The tools of a list, as JSON."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    given, found = json.loads(spelt), list[dict[str, Json]]()
    for one in given if isinstance(given, list) else [given]:
        inside = one if isinstance(one, Mapping) else {}
        declared = inside.get("functionDeclarations", inside.get("function_declarations"))
        found += [_tool(tool, key) for tool in (declared if isinstance(declared, list) else [one])]
    for tool in found:
        try:
            Draft202012Validator.check_schema(tool["function"].get("parameters") or {})
        except SchemaError as error:
            raise ValueError(
                f"`{key}`: the parameters of {tool['function']['name']!r} are no JSON Schema: {error.message[:120]}"
            ) from None
    return json.dumps(found)


def _tool(tool: Json, key: str) -> dict[str, Json]:
    function = tool.get("function", tool) if isinstance(tool, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    said = tool.get("type") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(name, str) or said not in (None, "function", "custom"):
        what = f"a tool of the type {said!r}" if isinstance(said, str) else kind(tool)
        raise ValueError(f'`{key}` holds {what}, expected functions: {{"name": …, "parameters": {{…}}}}')
    if not _NAME.fullmatch(name):
        raise ValueError(f"`{key}` names a tool {name[:60]!r}; expected letters, digits, _ or -")
    if said == "custom" and not any(schema in function for schema in _SCHEMAS):
        raise ValueError(f"`{key}` holds a tool of the type 'custom', expected functions")
    if isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping):
        return {"type": "function", "function": {name: value for name, value in function.items() if value is not None}}
    schema = next((function[one] for one in _SCHEMAS if function.get(one) is not None), None)
    made: dict[str, Json] = {"name": name}
    made |= {"description": function["description"]} if function.get("description") else {}
    made |= {"parameters": schema} if schema is not None else {}
    made |= {"strict": function["strict"]} if isinstance(function.get("strict"), bool) else {}
    return {"type": "function", "function": made}


def _choice(choice: Json) -> Json:
    """Which tool is to be called, as `tool_choice` says it."""
    words = {"any": "required", "auto": "auto", "none": "none", "required": "required"}
    if isinstance(choice, str):
        if choice not in words:
            raise ValueError(f"`tool_choice` is {choice[:40]!r}, expected auto, none, required or a function")
        return words[choice]
    inside = choice.get("function", choice) if isinstance(choice, Mapping) else None
    if isinstance(inside, Mapping) and isinstance(inside.get("name"), str):
        return {"type": "function", "function": {"name": inside["name"]}}
    if isinstance(choice, Mapping) and choice.get("type") in words:
        return words[str(choice["type"])]
    raise ValueError(f"`tool_choice` is {kind(choice)} that names no function")
