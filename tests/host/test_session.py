"""`distill host` from its start to its end, and again: nothing that was answered is lost."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import forks
from host_process import start
from hosting import call, form

BODY, KIND = form(("purpose", None, b"fine-tune"), ("file", "a.jsonl", b"{}\n"))
ELSEWHERE = ("--upstream", "http://127.0.0.1:9/v1")
"""No base is loaded: what answers is another server, which is not asked here."""


def names(port: int) -> list[str]:
    return [file["filename"] for file in json.loads(call(port, "GET", "/v1/files").body)["data"]]


async def test_stopped_killed_and_started_again(tmp_path: Path) -> None:
    """SIGTERM is a clean end, also amid an upload; what a kill leaves half is gone at the next start."""
    first = await start(tmp_path, *ELSEWHERE)
    assert first.started["bases"] == {"smollm2-135m": "embedded/smollm2-135m"}
    assert first.started["aliases"]["gpt-4o-mini-2024-07-18"] == "smollm2-135m"
    assert call(first.port, "POST", "/v1/files", BODY, content_type=KIND).status == 200
    second = forks.distill("host", "--port", "0", "--folder", tmp_path, *ELSEWHERE)
    _, err = await second.communicate()
    assert second.returncode == 2
    assert f"is held by process {first.process.pid}; stop that one first" in err.decode().replace("\n", " ")
    first.process.send_signal(signal.SIGTERM)
    out, err = await first.process.communicate()
    assert (first.process.returncode, err) == (0, b"")
    assert out.decode().endswith('{\n  "stopped": true\n}\n')
    (tmp_path / "host" / "files" / ".incoming-half").write_bytes(b"half")
    (tmp_path / "host" / "files" / "file-without-row").write_bytes(b"whole")
    again = await start(tmp_path, *ELSEWHERE)
    assert names(again.port) == ["a.jsonl"]
    assert len(list((tmp_path / "host" / "files").iterdir())) == 1
    again.process.kill()
    await again.process.wait()
    third = await start(tmp_path, *ELSEWHERE)
    assert names(third.port) == ["a.jsonl"]
    third.process.send_signal(signal.SIGINT)
    assert await third.process.wait() == 0
