"""`distill proxy`: what it refuses before it listens, and what it prints."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from ended import Distill, refused

from distill.cli.text.serve.proxy import ended_lines, ready_lines
from distill.proxy.settings import ProxySettings

TO = ("--to", "http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mood", *TO, "--shadow", "--live"), "take one of them"),
        (("mood", "--to", "api.openai.com"), "--to is 'api.openai.com', no http address"),
        (("mood", *TO, "--shadow"), "no spec at mood"),
        (("no/such/spec", *TO), "no spec at no/such/spec"),
        (("mood", *TO, "--student-url", "x", "--again"), "--student-url, --again: of no use without a student"),
        (("mood", *TO, "--key-env", "K"), "--key-env K: it says whom a student answers that is --live"),
        (
            ("mood", *TO, "--live", "--key-env", "NO_SUCH_KEY"),
            "--key-env NO_SUCH_KEY: the variable is empty or not set",
        ),
        (
            ("mood", *TO, "--live", "--address", "192.0.2.1"),
            "it needs --key-env VAR, the name of a variable with a key that callers of a live student have to send",
        ),
    ],
)
def test_what_cannot_be_obeyed_is_said_at_once(
    words: tuple[str, ...], said: str, distill: Distill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(distill("proxy", *words), said)
    assert list(tmp_path.iterdir()) == []


def test_a_student_that_is_not_promoted_and_a_port_that_is_taken(
    home: Path, distill: Distill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    refused(
        distill("proxy", "mood", *TO, "--port", 0, "--live"),
        "no student of mood is promoted; `distill promote mood` does",
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused(
            distill("proxy", "mood", *TO, "--port", taken.getsockname()[1]), "cannot be listened at", "0 a free one"
        )


def test_what_is_said_at_the_beginning() -> None:
    settings = ProxySettings("mood", Path(), "https://api.openai.com/v1", Path("logs/mood"), host="0.0.0.0")  # noqa: S104  # it is only said
    lines = ready_lines(settings, "http://0.0.0.0:8010/v1", known=False)
    assert lines[0] == "http://0.0.0.0:8010/v1 passes on to https://api.openai.com/v1; calls are recorded"
    assert "seeds: {from: logs/mood/calls/*.jsonl, as: chats, gold: reply}" in lines[2]
    assert lines[3].startswith("note: whoever reaches 0.0.0.0 may call")
    assert lines[-1] == "how it is: GET http://0.0.0.0:8010/proxy/status; Ctrl-C ends it"


def test_what_is_said_at_the_end() -> None:
    student = {
        "name": "student 1 of registry/mood", "asked": 10, "answered": 7, "not_taken": {"unsure": 2, "far": 1}, "agreed": 6, "differed": 2,
        "switched_back": {"at": "2026-11-30T12:00:00+00:00", "why": ["Refusals: 9 %"]}, "note": "",
    }  # fmt: skip
    calls = {"passed": 1200, "by_student": 7, "hung_up": 1, "unreachable": 0, "broken_off": 2, "other_keys": 4}
    records = {
        "written": {"teacher": 1190, "student": 7},
        "folder": "logs/mood",
        "left_out": {"private": 3},
        "lost": {"logs: No space left on device": 1},
    }
    lines = ended_lines({"task": "mood", "mode": "live", "calls": calls, "records": records, "student": student})
    assert lines == [
        "mood: 1,200 calls passed on, 7 answered by the student, 1 callers hung up, 2 broken off by the upstream, 4 with a key that the student does not answer",
        "1,197 rows in logs/mood",
        "  3 left out: marked private",
        "  1 LOST: logs: No space left on device",
        "student 1 of registry/mood: asked 10, answered 7 (not: 2 unsure, 1 far)",
        "  says what the teacher says in 75.0 % of 8",
        "  SWITCHED OFF at 2026-11-30T12:00:00+00:00: Refusals: 9 %",
    ]
