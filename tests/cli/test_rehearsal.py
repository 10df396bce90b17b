"""`distill fault-server` as a process of its own: a night of the Batch API, and its books read from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest
from ended import Distill, refused
from openai import OpenAI

from distill.cli.rehearsal import batch_script, dialect_shares
from distill.errors import UsageError

NIGHT = ("--hurry", "36000", "--batch-fault", "create-lost@1", "--batch-fault", "expired@2=0.5", "--batch-window", "4")


def told(out: IO[str]) -> dict[str, object]:
    """The next JSON object that the command prints."""
    lines: list[str] = []
    while not lines or lines[-1] != "}\n":
        lines.append(out.readline())
        assert lines[-1], "the command ended"
    found: dict[str, object] = json.loads("".join(lines))
    return found


@contextmanager
def server(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "distill", "fault-server", "--json", *options]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=buffered) as process:
        assert process.stdout is not None
        try:
            yield str(told(process.stdout)["base_url"]), process
        finally:
            process.kill()


def test_a_night_in_another_process() -> None:
    """The first create is lost and its batch found in the list; the second expires half done; /ledger has both bills."""
    rows = [
        {"custom_id": f"{n}", "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}]}} for n in range(4)
    ]  # fmt: skip
    with server(*NIGHT) as (url, process), OpenAI(api_key="none", base_url=url, max_retries=0) as client:
        for data in (rows[:2], rows[2:]):
            sent = "".join(json.dumps(row) + "\n" for row in data).encode()
            file = client.files.create(file=("a.jsonl", sent), purpose="batch").id
            call = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
            if data[0]["custom_id"] == "0":
                with pytest.raises(Exception, match="Connection error"):
                    client.batches.create(**call)  # type: ignore[call-overload]  # one dict for all
            else:
                client.batches.create(**call)  # type: ignore[call-overload]  # one dict for all
        until = time.monotonic() + 10
        while (states := [one.status for one in client.batches.list()]) != ["expired", "completed"]:
            assert time.monotonic() < until, states
            time.sleep(0.05)
        with urllib.request.urlopen(url.removesuffix("/v1") + "/ledger") as answer:  # noqa: S310 - our own server
            ledger = json.load(answer)
        assert [(bill["rows"], bill["status"]) for bill in ledger["batches"]] == [(2, "completed"), (1, "expired")]
        process.terminate()
        assert process.stdout is not None
        assert told(process.stdout) == ledger["summary"]


def test_a_batch_fault_that_is_none_is_a_mistake_of_the_user() -> None:
    """Said in a line that lists those there are."""
    with pytest.raises(UsageError, match=r"--batch-fault: no batch fault 'expire'; there are .*expired"):
        batch_script(["expire"], hurry=1.0, hours=1.0, window_hours=24.0, enqueued_tokens=None)


@pytest.mark.parametrize(
    ("given", "shares"),
    [
        ([], {}),
        (["vllm"], {"vllm": 1.0}),
        (["vllm", "groq"], {"vllm": 0.5, "groq": 0.5}),
        (["vllm", "groq=0.4"], {"vllm": 0.6, "groq": 0.4}),
        (["azure filtered midway=0.1"], {"azure filtered midway": 0.1}),
    ],
)
def test_dialects_without_a_share_have_what_the_others_leave(given: list[str], shares: dict[str, float]) -> None:
    assert dialect_shares(given) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["nosuch"], "no dialect 'nosuch'; there are vllm, "),
        (["vllm=much"], "--dialect 'vllm=much': expected NAME or NAME=SHARE"),
        (["vllm=1.5"], "vllm=1.5: shares go from above 0 to 1"),
        (["groq=1", "vllm"], "vllm=0: shares go"),
    ],
)
def test_a_dialect_that_is_none_is_a_mistake_of_the_user(distill: Distill, given: list[str], told: str) -> None:
    """One line, exit code 2, and no server."""
    done = distill("fault-server", *(word for name in given for word in ("--dialect", name)))
    refused(done, told)
    assert len(done.err.splitlines()) == 1


def test_the_dialects_are_listed_and_met(distill: Distill) -> None:
    """`--dialect help` names each; a body by its own name is what every attempt gets."""
    listed = json.loads(distill("fault-server", "--json", "--dialect", "help").out)
    assert listed["dialects"]["vllm"]["ok"] > 5
    with server("--dialect", "deepseek answer") as (url, _), OpenAI(api_key="none", base_url=url) as client:
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "row 1"}])
    assert answer.choices[0].message.content == "row 1"
    assert answer.system_fingerprint == "fp_8802369eaa_prod0425fp8"
