"""`distill advise`: by options, by questions on a terminal, as JSON and as a table to keep."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from ended import Distill, refused

PAID = (
    "--calls-a-day",
    "20000",
    "--prompt-tokens",
    "600",
    "--completion-tokens",
    "15",
    "--price",
    "2.5/10",
    "--rows",
    "5000",
)


def test_the_word_comes_first_with_the_sums_that_led_there(distill: Distill, tmp_path: Path) -> None:
    said = distill("advise", "--wrong", "price", *PAID, "--kinds", "24", "--out", tmp_path / "advice.md")
    assert said.code == 0, said.err
    assert said.out.startswith("distil: A student pays: it saves $27.71 a day and has paid for itself after 35 days.")
    assert "one call today: $0.00165" in said.out
    assert "yes   it is too dear, and a student pays within a year → distil" in said.out
    assert "--facts  Do right answers need facts that change" in said.out
    assert "yes → RAG; no → distil" in said.out
    page = (tmp_path / "advice.md").read_text()
    assert page.startswith("# Advice: distil\n")
    for line in ("| a day today | \\$33.00 |", "| different answers | 24 |", "| hours | 16 hours | default |"):
        assert line in page


def test_nothing_is_guessed_of_what_is_missing(distill: Distill) -> None:
    """Without a terminal nothing is asked; each open question is named."""
    found = json.loads(distill("advise", "--json").out)
    assert found["word"] == "leave it"
    assert len(found["unknown"]) == 11
    assert set(found["known"].values()) == {None}
    assert found["sums"]["day"] is None


def test_json_holds_sets_as_lists(distill: Distill) -> None:
    found = json.loads(
        distill("advise", "--wrong", "quality,format", "--tried", "nothing", "--price", "1/2", "--json").out
    )
    assert (found["word"], found["known"]["wrong"], found["known"]["tried"]) == (
        "structured output",
        ["format", "quality"],
        [],
    )
    assert found["known"]["price"] in ({"input": 1.0, "output": 2.0}, [1.0, 2.0])


def test_mistakes_are_refused(distill: Distill) -> None:
    refused(distill("advise", "--wrong", "prise"), "--wrong is 'prise'", "expected nothing, or any of price")
    refused(distill("advise", "--price", "no-such-model"), "2.5/10")


def test_on_a_terminal_what_is_missing_is_asked_for_and_a_bad_answer_again() -> None:
    """The first answer is no word of the question; an empty line leaves the others unknown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "distill", "advise", "--tried", "nothing", "--rows", "50"]
    env = os.environ | {"TERM": "dumb", "COLUMNS": "300"}
    asked = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, close_fds=True)
    os.close(theirs)
    os.write(ours, b"prise\nformat\n" + b"\n" * 12)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    assert asked.wait(60) == 0
    text = shown.decode().replace("\r\n", "\n")
    assert "--wrong is 'prise': expected nothing" in text
    assert text.count("What is wrong today?") == 2
    assert "How many inputs" not in text.split("structured output:")[0]
    assert "structured output: Give the endpoint a JSON Schema" in text
