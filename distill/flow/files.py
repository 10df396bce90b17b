"""The files that a spec names, read and found sound; what is wrong with one goes to `faults`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from distill import json_schema
from distill.errors import Fault

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def text(path: Path, faults: list[Fault]) -> str | None:
    """A prompt, or None where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        faults.append(Fault(str(path), f"no such file; the folder holds {_prompts(path.parent)}"))
    except IsADirectoryError:
        faults.append(Fault(str(path), f"a folder, expected a file; name one in it, which holds {_prompts(path)}"))
    except (OSError, UnicodeDecodeError) as fault:
        faults.append(Fault(str(path), f"cannot be read: {fault}"))
    return None


def _prompts(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.glob("*.md"))) or "no .md file"


def schema(path: Path, faults: list[Fault]) -> dict[str, Any] | None:
    """An answer's JSON Schema."""
    found_text = text(path, faults)
    if found_text is None:
        return None
    try:
        schema = json.loads(found_text)
    except ValueError as fault:
        faults.append(Fault(str(path), f"not JSON: {fault}"))
    else:
        if wrong := json_schema.fault(schema):
            faults.append(Fault(str(path), f"no JSON Schema: {wrong}"))
        elif isinstance(schema, dict) and schema.get("type") == "object":
            return schema
        else:
            faults.append(Fault(str(path), 'an answer\'s schema must say `"type": "object"`'))
    return None


def tools(path: Path, faults: list[Fault]) -> list[dict[str, Any]]:
    """The list of tools, each {"type": "function", "function": {"name", "description", "parameters"}}."""
    found_text = text(path, faults)
    if found_text is None:
        return []
    try:
        tools = json.loads(found_text)
    except ValueError as fault:
        faults.append(Fault(str(path), f"not JSON: {fault}"))
        return []
    if not isinstance(tools, list) or not tools:
        found_kind = "an empty list" if tools == [] else f"a JSON {type(tools).__name__}"
        faults.append(Fault(str(path), f"{found_kind}, expected a list of tools"))
        return []
    found: list[dict[str, Any]] = []
    for number, tool in enumerate(tools, 1):
        function = tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(name, str) and (
            not _TOOL_NAME.fullmatch(name) or name in [one["function"]["name"] for one in found]
        ):
            faults.append(
                Fault(
                    f"{path}: tool {number}",
                    f"the name {name!r}: expected up to 64 letters, digits, _ or -, each name once",
                )
            )
            continue
        if not isinstance(function, dict) or not isinstance(name, str):
            faults.append(
                Fault(
                    f"{path}: tool {number}", 'expected {"type": "function", "function": {"name": …, "parameters": …}}'
                )
            )
            continue
        if wrong := json_schema.fault(function.get("parameters") or {}):
            faults.append(Fault(f"{path}: tool {number}", f"its parameters are no JSON Schema: {wrong}"))
        found.append({"type": "function", "function": function})
    return found
