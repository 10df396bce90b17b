"""Slips of a newcomer, by kind: each is one clear message with the next move and exit code 2."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ended import Distill, refused

from distill.cli import exit_codes

SPEC = {
    "three braces": ("teacher.md", "{{message}}", "{{{message}}}", ("teacher.md:3", "write `{{message}}`")),
    "a tiny timeout": ("task.yaml", "made up", "made up, limits: {timeout_s: 1.0e-300}", ("timeout_s", "0.01 or more")),
    "no end of draws": ("task.yaml", "made up", "made up, sampling: {draws: 2000000000}", ("draws", "1,000 or less")),
    "a tiny share": ("task.yaml", "share: 0.25", "share: 1.0e-300", ("seeds.test.share", "1e-06 or more")),
    "a web address": (
        "task.yaml",
        "from: seeds.jsonl",
        "from: 'https://example.com/x.csv'",
        ("seeds.from: https://example.com/x.csv", "nothing is fetched"),
    ),
    "a prompt of the web": (
        "task.yaml",
        "output:",
        "prompt: 'https://example.com/x.md', output:",
        ("teacher.prompt: https://example.com/x.md", "nothing is fetched"),
    ),
    "a device": ("task.yaml", "from: seeds.jsonl", "from: /dev/zero", ("no plain file",)),
    "one word for a group": ("task.yaml", "train: {with: none}", "train: none", ("did you mean `{with: none}`?",)),
    "a file for a group": (
        "task.yaml",
        "{from: seeds.jsonl, gold: expected, test: {share: 0.25}}",
        "seeds.jsonl",
        ("did you mean `{from: seeds.jsonl}`?",),
    ),
    "quotes of a word processor": ("task.yaml", "model: scripted", "model: “scripted”", ("typographic quote",)),
    "a pattern without end": (
        "task.yaml",
        "dataset:",
        "gates: [form: {matches: '(a|aa)+'}]\ndataset:",
        ("task.yaml:5", "does not end on texts such as 'aaa"),
    ),
}


@pytest.mark.parametrize("case", SPEC)
def test_a_like_slip_is_one_message(task: Path, distill: Distill, case: str) -> None:
    name, old, new, parts = SPEC[case]
    file = task.parent / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    refused(distill("validate", task), *parts)


def test_a_schema_pattern_without_end_is_refused(task: Path, distill: Distill) -> None:
    """A changed schema is a new question: this has to be told before the first is paid."""
    (task.parent / "answer.schema.json").write_text(
        '{"type": "object", "properties": {"x": {"pattern": "(a|b|ab)*c"}}}'
    )
    refused(distill("validate", task), "answer.schema.json", "'(a|b|ab)*c'", "does not end")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("x.jsonl", bytes(range(256)) * 8, "no text"), ("x.csv.gz", b"message\nhello\n", "not packed with gzip")],
)
def test_a_file_of_another_kind_is_told(task: Path, distill: Distill, name: str, data: bytes, said: str) -> None:
    (task.parent / name).write_bytes(data)
    refused(distill("validate", task, "--set", f"seeds.from={name}"), name, said)


def test_one_item_of_a_list_is_no_setting(task: Path, distill: Distill) -> None:
    task.write_text(task.read_text() + "gates: [schema]\n")
    refused(distill("validate", task, "--set", "gates.0=length"), "--set gates.0", "is a list")


def test_help_is_a_word_too(distill: Distill) -> None:
    assert distill("help") == distill("--help")
    assert distill("help", "run") == distill("run", "--help")
    refused(distill("help", "nosuch"), "No such command 'nosuch'")


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (errno.EISDIR, 2, "expected a file"),
        (errno.EACCES, 2, "permissions"),
        (errno.EROFS, 2, "read-only"),
        (errno.ENOTDIR, 2, "expected"),
        (errno.ENOSPC, 1, "No space left"),
    ],
)
def test_a_refused_file_is_the_users_to_fix(
    capsys: pytest.CaptureFixture[str], number: int, code: int, said: str
) -> None:
    """What only the machine can mend, a full disk, stays exit 1."""
    with pytest.raises(SystemExit) as ended:
        exit_codes.end_with(OSError(number, os.strerror(number), "/somewhere/x.json"))
    assert ended.value.code == code
    err = capsys.readouterr().err
    assert "/somewhere/x.json" in err
    assert said in err
