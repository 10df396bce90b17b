"""`distill host`: what it refuses to start with, what it says at its start, and the looks at its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ended import Distill, refused

from distill.cli.text.serve.host import started_lines
from distill.host.defaults import BASES, aliases_of
from distill.host.home import Home
from distill.host.run import SCHEMAS, bound
from distill.host.serving.engine import EngineChoice
from distill.host.session import Started
from distill.host.state import files
from distill.host.state.database import Database


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--address", "192.0.2.1"), ("--key-env VAR", "192.0.2.1")),
        (("--key-env", "NO_SUCH_VARIABLE"), ("NO_SUCH_VARIABLE", "not set")),
        (("--address", "192.0.2.1", "--key-env", "SHORT_KEY"), ("SHORT_KEY", "16 characters")),
        (("--base", "a", "--base", "b"), ("2 faults", "--base a", "--base b")),
        (("--alias", "a=nothing"), ("smollm2-135m",)),
        (("--port", "65536"), ("65535",)),
        (("--quota-gb", "0"), ("--quota-gb",)),
        (("--status",), ("no host yet", "--folder")),
        (("--clean-up",), ("no host yet",)),
    ],
)
def test_refusals(
    words: tuple[str, ...], parts: tuple[str, ...], distill: Distill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHORT_KEY", "short")
    said = distill("host", *words)
    refused(said._replace(err=said.err.replace("\n", " ")), *parts)
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken(distill: Distill, tmp_path: Path) -> None:
    with bound("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        refused(distill("host", "--port", port, "--folder", tmp_path), f"port {port}", "--port")


def test_status_and_clean_up(distill: Distill, tmp_path: Path) -> None:
    home = Home(tmp_path)
    db = Database(home.database, SCHEMAS)
    files.add(db, home, "a", "fine-tune", b"x" * 300_000)
    db.close()
    (home.files / "file-without-row").write_bytes(b"x" * 200)
    said = distill("host", "--status", "--folder", tmp_path)
    assert said.code == 0
    assert "0.3 MB       1  files for fine-tune" in said.out
    assert "200 bytes of it is needed by nobody; `distill host --clean-up` removes it" in said.out
    told = json.loads(distill("host", "--clean-up", "--folder", tmp_path, "--json").out)
    assert told["removed"] == {"what": "removed", "count": 1, "bytes": 200}
    assert told["left"]["removable"]["count"] == 0
    assert [one.name[:5] for one in home.files.iterdir()] == ["file-"]


def test_the_first_lines() -> None:
    choice = EngineChoice("smollm2-135m", "llama.cpp", "a GGUF file")
    aliases = aliases_of([], BASES)
    lines = started_lines(
        Started("http://127.0.0.1:8000/v1", Path(".distill"), BASES, aliases, [choice], None, ["a note"])
    )
    assert lines[1:] == [
        "export OPENAI_BASE_URL=http://127.0.0.1:8000/v1",
        "export OPENAI_API_KEY=any",
        "smollm2-135m: embedded/smollm2-135m, answered by llama.cpp (a GGUF file)",
        "gpt-4o-mini-2024-07-18, gpt-4o-mini, gpt-4o-2024-08-06 and 12 more stand for smollm2-135m; GET /v1/models lists all",
        "note: a note",
        "Ctrl-C stops it; a job that trains then goes on at the next start",
    ]
    keyed = started_lines(Started("http://h/v1", Path(), {}, {}, [], "HOST_KEY", []))
    assert "export OPENAI_API_KEY=$HOST_KEY" in keyed
