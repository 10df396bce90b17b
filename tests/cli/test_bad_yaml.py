"""What YAML can hold and a spec cannot, or not without end: one message with its line, and no hang."""

from __future__ import annotations

from pathlib import Path

import pytest
from ended import Distill, refused

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{last}'] * 9)}]\n" for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{name}: &{name} {{<<: [{','.join([f'*{last}'] * 9)}]}}\n"
    for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)
RAW = {
    "alias bomb": (BOMB, "task.yaml:5", "more than 20,000 values"),
    "merge bomb": (MERGES, "task.yaml:5", "more than 20,000 values"),
    "recursive alias": ("task: t\nx: &a [*a]\n", "task.yaml:2", "has no end"),
    "recursive mapping": ("task: &a\n  b: *a\n", "task.yaml:2", "has no end"),
    "900 brackets": ("task: " + "[" * 900 + "]" * 900, "task.yaml:1", "nested deeper than 40 levels"),
    "3,000 open brackets": ("task: " + "[" * 3000, "task.yaml:1", "nested deeper than"),
    "900 dashes": ("task:\n" + "- " * 900 + "x\n", "task.yaml:2", "nested deeper than"),
    "50,000 values": ("task: [" + "1, " * 50_000 + "]\n", "more than 20,000 values"),
    "50 MB": ("task: t\nabout: " + "x" * 50_000_000, "task.yaml", "far more than a spec"),
    "2 MB": ("task: t\nabout: " + "x" * 2_000_000, "task.yaml", "at most 1,000,000", "seeds.from"),
    "a NUL": ("task: t\nabout: a\0b\n", "task.yaml:2", "NUL"),
    "a control character": ("task: t\nabout: a\x01b\n", "task.yaml:2", "control character"),
    "a tab": ("task: t\nseeds:\n\tfrom: x\n", "task.yaml:3", "a tab; write spaces"),
    "no blank behind a colon": ("task:t\nabout: x\n", "task.yaml:2", "goes on with the one above"),
    "a key too far in": ("seeds:\n  from: x\n    gold: y\n", "task.yaml:3", "indent both alike"),
    "a Windows path": ('about: "C:\\data"\n', "task.yaml:1", "write single quotes"),
    "a percent sign first": ("about: %x\n", "task.yaml:1", "in quotes"),
    "an apostrophe": ("about: 'it's'\n", "task.yaml:1", "in double quotes"),
    "no such escape": ('task: "\\q"\n', "task.yaml:1", "not YAML"),
    "beyond Unicode": ('task: "\\U00ffffff"\n', "task.yaml", "not YAML"),
    "an open quote": ("task: 'abc\nseeds: 1\n", "not YAML"),
    "an open bracket": ("task: [1\n", "not YAML"),
    "two colons": ("task: a: b\n", "task.yaml:1", "a second `:` in one line"),
    "two documents": ("task: t\n---\ntask: u\n", "task.yaml:2", "one document"),
    "an anchor twice": ("task: &a t\nabout: &a u\n", "task.yaml:2", "given twice"),
    "an alias of nothing": ("task: t\nabout: *bold*\n", "task.yaml:2", "in quotes"),
    "a list": ("- task: t\n", "task.yaml:1", "a spec is a mapping"),
    "a word": ("hello\n", "task.yaml:1", "a spec is a mapping"),
    "a number": ("17\n", "task.yaml:1", "a spec is a mapping"),
    "nothing": ("", "task.yaml:1", "a spec is a mapping"),
    "null": ("~\n", "task.yaml:1", "a spec is a mapping"),
    "a comment": ("# nothing yet\n", "task.yaml:1", "a spec is a mapping"),
    "YAML 3": ("%YAML 3.0\n---\ntask: t\n", "task.yaml:1", "not YAML"),
}


@pytest.mark.parametrize("case", RAW)
def test_a_text_that_is_no_spec(task: Path, distill: Distill, case: str) -> None:
    """What YAML can hold and a spec cannot, or not without end."""
    text, *parts = RAW[case]
    task.write_text(text)
    refused(distill("validate", task), *parts)


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ("task: t\n".encode("utf-16"), ("is UTF-16; save it as UTF-8",)),
        (b"task: t\nabout: caf\xe9\n", ("task.yaml:2", "0xe9", "UTF-8")),
        (b"\x89PNG\r\n\x1a\n\x00\x00", ("UTF-8",)),
        (b"PK\x03\x04\x14\x00\x06\x00", ("NUL",)),
    ],
)
def test_a_spec_that_is_no_text(task: Path, distill: Distill, data: bytes, parts: tuple[str, ...]) -> None:
    task.write_bytes(data)
    refused(distill("validate", task), *parts)


def test_a_spec_with_a_byte_order_mark_is_read(task: Path, distill: Distill) -> None:
    task.write_bytes(b"\xef\xbb\xbf" + task.read_bytes().replace(b"\n", b"\r\n"))
    assert distill("validate", task).code == 0
