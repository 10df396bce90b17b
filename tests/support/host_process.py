"""`distill host` as a process of its own, that a test can stop and kill."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forks import Fork, distill


@dataclass(frozen=True, slots=True)
class HostProcess:
    process: Fork
    started: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.started["url"])

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])


async def start(folder: Path, *options: str) -> HostProcess:
    """A host that is ready."""
    process = distill("host", "--json", "--port", "0", "--folder", folder, *options)
    while not (said := process.out).endswith("}\n"):
        if process.returncode is not None:
            raise AssertionError((await process.communicate(), said))
        await asyncio.sleep(0.02)
    return HostProcess(process, json.loads(said)["started"])
