"""A proxy in this loop before an API of the tests, and what it wrote."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from upstreams import Api, served

from distill.proxy.parts import ProxyParts
from distill.proxy.recording.writer import FOLDERS
from distill.proxy.serve import application, proxy
from distill.proxy.settings import Mode, ProxySettings, StudentSettings


@dataclass(slots=True)
class Proxied:
    """`url` is the proxy's base URL; `said` what it told the terminal."""

    url: str
    api: Api
    parts: ProxyParts
    session: aiohttp.ClientSession
    said: list[str] = field(default_factory=list)

    async def chat(self, text: str, **more: Any) -> tuple[int, bytes]:
        """(status, body) of a call with one turn of the user's after the system's."""
        async with self.session.post(f"{self.url}/chat/completions", data=io.BytesIO(request(text, **more))) as found:
            return found.status, await found.read()

    @property
    def folder(self) -> Path:
        return self.parts.writer.folder


def request(text: str, **more: Any) -> bytes:
    turns = [{"role": "system", "content": "Say the mood as JSON."}, {"role": "user", "content": text}]
    return json.dumps({"model": "big-1", "messages": turns, **more}).encode()


def rows(folder: Path, by: str = "teacher") -> list[dict[str, Any]]:
    """Every row that a proxy has written."""
    files = sorted((folder / FOLDERS[by]).glob("*.jsonl"))  # type: ignore[index]  # by is one of the two
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


@asynccontextmanager
async def proxied(
    folder: Path,
    *,
    to: str | None = None,
    mode: Mode = "record",
    student: StudentSettings | None = None,
    api: Api | None = None,
    caller_keys: tuple[str, ...] = (),
) -> AsyncIterator[Proxied]:
    """`to` is another upstream than the API of the tests; rows come to `folder`/logs/mood."""
    api, said = api or Api(), list[str]()
    async with served(api.app()) as behind, aiohttp.ClientSession(auto_decompress=False) as session:
        settings = ProxySettings(
            "mood", folder, to or behind, folder / "logs" / "mood", mode, student, caller_keys=caller_keys
        )
        async with proxy(settings, said.append) as parts, served(application(parts)) as url:
            yield Proxied(url, api, parts, session, said)
