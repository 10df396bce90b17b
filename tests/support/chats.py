"""Chat rows for the tests of this folder."""

import json
from pathlib import Path


def chat(user: str, answer: str) -> dict[str, list[dict[str, str]]]:
    turns = [("system", "Name it."), ("user", user), ("assistant", answer)]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def write_rows(path: Path, count: int) -> Path:
    rows = [chat(f"case {number}", json.dumps({"kind": "ab"[number % 2]})) for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
