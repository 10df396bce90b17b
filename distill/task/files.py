"""The files that a spec names, read and found sound; what is wrong with one goes to `faults`.

A file that is not there, or cannot be read, is a fault of the setting that names it; what is wrong inside is one of the file.
"""

from __future__ import annotations

import re
from pathlib import Path

from distill.errors import Fault
from distill.records import Json
from distill.secrets.withheld import masked
from distill.text.normalise import web_address
from distill.values import schema_check

MOST_BYTES = 4_000_000
_SHOWN = 300
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def text(path: Path, faults: list[Fault], *, named_by: str = "") -> str | None:
    """A prompt, or None where it cannot be read."""
    said = _unreadable(path)
    if not said:
        try:
            return path.read_bytes().decode("utf-8-sig")
        except OSError as fault:
            said = f"cannot be read: {fault.strerror}"
        except UnicodeDecodeError as fault:
            line = fault.object.count(b"\n", 0, fault.start) + 1
            said = f"line {line} is not UTF-8; save the file as UTF-8"
    shown = _shown(path)
    faults.append(Fault(named_by or shown, f"{shown}: {said}" if named_by else said))
    return None


def _shown(path: Path) -> str:
    """A path for a message, in one line."""
    spelt = masked(web_address(str(path)) or str(path))
    return spelt if spelt.isprintable() and len(spelt) <= _SHOWN else f"{spelt[:_SHOWN]!r}…"


def _unreadable(path: Path) -> str:
    """Why a path is no file of words."""
    if "\0" in str(path):
        return "a NUL is no part of a file's name"
    if "\n" in str(path) or "{{" in path.name:
        return "a text, expected the name of a file: put the text into one, say teacher.md"
    try:
        if path.is_file():
            size = path.stat().st_size
            return f"{size:,} bytes, expected a text of at most {MOST_BYTES:,}" if size > MOST_BYTES else ""
        if path.is_dir():
            return f"a folder, expected a file; name one in it, which holds {_prompts(path)}"
        if path.is_symlink() and not path.exists():
            return "a link that leads nowhere"
        if web_address(str(path)):
            return "a web address, and nothing is fetched; download the file and name it"
        return "no plain file" if path.exists() else f"no such file; the folder holds {_prompts(path.parent)}"
    except OSError as fault:
        return f"cannot be read: {fault.strerror}"


def _prompts(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.glob("*.md"))) or "no .md file"


def _json(path: Path, faults: list[Fault], named_by: str) -> Json:
    """The value of a JSON file, None where there is none."""
    found = text(path, faults, named_by=named_by)
    if found is None:
        return None
    value, wrong, line = schema_check.parsed(found)
    if wrong:
        faults.append(Fault(f"{path}:{line}" if line else str(path), wrong))
    return value


def schema(path: Path, faults: list[Fault], *, named_by: str = "") -> dict[str, Json] | None:
    """An answer's JSON Schema."""
    before = len(faults)
    found = _json(path, faults, named_by)
    if len(faults) > before:
        return None
    wrong = schema_check.faults(found) if isinstance(found, dict | bool) else []
    faults += [Fault(str(path), one) for one in wrong]
    if wrong:
        return None
    if isinstance(found, dict) and found.get("type") == "object":
        return found
    faults.append(Fault(str(path), 'an answer\'s schema must say `"type": "object"`'))
    return None


def tools(path: Path, faults: list[Fault], *, named_by: str = "") -> list[dict[str, Json]]:
    """The list of tools, each {"type": "function", "function": {"name", "description", "parameters"}}."""
    before = len(faults)
    given = _json(path, faults, named_by)
    if len(faults) > before:
        return []
    if not isinstance(given, list) or not given:
        found_kind = "an empty list" if given == [] else f"a JSON {type(given).__name__}"
        faults.append(Fault(str(path), f"{found_kind}, expected a list of tools"))
        return []
    found: list[dict[str, Json]] = []
    for number, tool in enumerate(given, 1):
        where, function = f"{path}: tool {number}", tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(name, str):
            faults.append(Fault(where, 'expected {"type": "function", "function": {"name": …, "parameters": …}}'))
            continue
        if not _TOOL_NAME.fullmatch(name) or name in [one["function"]["name"] for one in found]:
            said = f"the name {name!r}: expected up to 64 letters, digits, _ or -, each name once"
            faults.append(Fault(where, said))
            continue
        parameters = function.get("parameters")
        wrong = schema_check.faults({} if parameters is None else parameters)
        faults += [Fault(where, f"its parameters are {one}" if one.startswith("no ") else one) for one in wrong]
        found.append({"type": "function", "function": function})
    return found
