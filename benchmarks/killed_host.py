"""A `distill host` that a benchmark kills and starts again."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openai import OpenAI, OpenAIError

PATIENCE_S = 600.0


@dataclass(slots=True)
class Host:
    """A host that is killed and started again on one folder and one port."""

    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None
    kills: int = 0
    missed: list[str] = field(default_factory=list)

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "distill",
            "host",
            "--json",
            "--port",
            str(self.port),
            "--folder",
            str(self.folder),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = ""
        while line != "}\n":
            line = self.process.stdout.readline()
            assert line, "the host did not start"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def client(self, **more: Any) -> OpenAI:
        return OpenAI(api_key="any", base_url=f"http://127.0.0.1:{self.port}/v1", max_retries=0, timeout=60.0, **more)

    def job(self, job_id: str) -> Path:
        return self.folder / "host" / "jobs" / job_id


def until(what: Callable[[], Any], wait_s: float = PATIENCE_S, every_s: float = 0.05) -> Any:
    """What it gives once that is something."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        with contextlib.suppress(OpenAIError):
            if found := what():
                return found
        time.sleep(every_s)
    raise TimeoutError(what)
