"""What a child says is another's text: a line that is no verdict costs a row, and never the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import SpecError
from distill.sandbox.pool import greet
from distill.sandbox.process import CheckResult, SandboxLimits, Source

Ask = Callable[..., list[CheckResult]]
ROWS = ["ok", "ok", "bad", "ok", "ok", "ok"]
SAYING = """\
import os, time
def say(line):
    for number in range(3, 256):
        try: os.write(number, line)
        except OSError: pass
"""
NO_VERDICTS = {
    "too deep": "b'[' * 60000",
    "too deep inside": "b'[2,1,\"\",' + b'[' * 60000",
    "a whole number too big for a float": "b'[2,' + b'9' * 400 + b',\"\",\"\"]'",
    "a whole number too long to read": "b'[2,' + b'9' * 5000 + b',\"\",\"\"]'",
    "more than one": 'b\'[2,5,"",""]\'',
    "less than nothing": 'b\'[2,-0.5,"",""]\'',
    "NaN": 'b\'[2,NaN,"",""]\'',
    "infinity": 'b\'[2,1e999,"",""]\'',
    "a score in a text": 'b\'[2,"1","",""]\'',
    "a score in a list": 'b\'[2,[1],"",""]\'',
    "another row's": 'b\'[99,1,"",""]\'',
    "an object": 'b\'{"a":1,"b":2,"c":3,"d":4}\'',
    "no UTF-8": "b'\\xff\\xfe'",
    "nothing": "b''",
}


@pytest.mark.parametrize("name", NO_VERDICTS)
def test_a_line_that_is_no_verdict_costs_its_row(ask: Ask, name: str) -> None:
    text = f"""{SAYING}
def check(row):
    if row["answer"] == "bad":
        say({NO_VERDICTS[name]} + b"\\n")
    return True
"""
    verdicts = ask(text, ROWS)
    assert verdicts[2] == CheckResult(None, cause="wrote into the pipe to distill")
    assert verdicts[:2] + verdicts[3:] == [CheckResult(1.0)] * 5


@pytest.mark.parametrize(
    "line",
    ["b'{}'", "b'7'", "b'[' * 60000", "b'{\"ready\":3}'", "b'{\"fault\":3}'", 'b\'{"fault":[1e999,"x"]}\'', "b'noise'"],
)
def test_a_greeting_that_is_none_is_the_files_fault(tmp_path: Path, line: str) -> None:
    source = Source(tmp_path / "verify.py", f"{SAYING}say({line} + b'\\n')\ndef check(row): return True", "check")
    with pytest.raises(SpecError, match="cannot be imported: it writes into the pipe to distill"):
        greet(source, SandboxLimits())


def test_layers_that_a_file_makes_up_are_not_told(tmp_path: Path) -> None:
    text = SAYING + """say(b'{"ready":["hook","a wall","\\\\ud800"]}\\n')\ndef check(row): return True"""
    assert greet(Source(tmp_path / "verify.py", text, "check"), SandboxLimits()) == {"hook"}


def test_bytes_that_make_no_verdict_win_no_time(ask: Ask) -> None:
    text = f"""{SAYING}
def check(row):
    until = time.monotonic() + 6
    while row["answer"] == "bad" and time.monotonic() < until:
        say(b" ")
        time.sleep(0.1)
    return True
"""
    began = time.monotonic()
    verdicts = ask(text, ROWS, seconds=1)
    assert time.monotonic() - began < 5  # it would say its bytes for six seconds of the machine's clock
    assert verdicts[2] == CheckResult(None, cause="no answer within 1 s")
    assert verdicts[:2] + verdicts[3:] == [CheckResult(1.0)] * 5


def test_bytes_that_make_no_greeting_win_no_time(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.sandbox.process.IMPORT_S", 1.0)
    text = f"""{SAYING}
until = time.monotonic() + 4
while time.monotonic() < until:
    say(b" ")
    time.sleep(0.1)
def check(row): return True
"""
    for meet in (lambda: ask(text, ["a"]), lambda: greet(Source(tmp_path / "v.py", text, "check"), SandboxLimits())):
        with pytest.raises(SpecError, match="it takes more than 1 s"):
            meet()
