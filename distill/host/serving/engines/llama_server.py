"""llama.cpp's server in a process of its own, which this module also is: `python -m distill.host.serving.engines.llama_server`.

    stdin    {"gguf": …, "context": …, "slots": …, "adapters": […], "key": …}    then nothing: its end ends the server
    stdout   {"url": …} once the model is loaded, or {"error": …}

An assertion of llama.cpp's aborts the process that it runs in, so it is not the host's. The server ends with its parent, however that
ends, for then its stdin does. Only who knows the key can ask it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from distill.errors import DistillError
from distill.records import Json

_STARTS_S = 600.0
"""A large file on a slow disk."""
_ENDS_S = 10.0


class EngineStopped(DistillError):
    """A server that did not start, or has ended."""


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """A running server."""

    process: asyncio.subprocess.Process
    url: str
    key: str
    adapters: Sequence[Path]

    @property
    def alive(self) -> bool:
        """Whether its process has not ended."""
        return self.process.returncode is None

    async def give_up(self) -> None:
        """Of a server that does not answer: make sure that it has ended, for the news of a process's end may come late."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """End it, and wait until its memory is free."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), _ENDS_S)
        except TimeoutError:
            await self.give_up()


async def start(
    gguf: Path, *, context: int, slots: int, adapters: Sequence[Path] = (), embedding: bool = False
) -> LlamaServer:
    """Start a server and wait until it answers; EngineStopped says why it does not."""
    key = secrets.token_hex(16)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __spec__.name if __spec__ else __name__,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    asked = {
        "gguf": str(gguf), "context": context, "slots": slots, "adapters": [str(one) for one in adapters], "key": key,
        "embedding": embedding,
    }  # fmt: skip
    said: Json = {}
    try:
        if process.stdin is not None and process.stdout is not None:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            line = await asyncio.wait_for(process.stdout.readline(), _STARTS_S)
            said = json.loads(line) if line else {}
    except (OSError, ValueError, TimeoutError):
        said = {}
    finally:
        if "url" not in said:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    if "url" not in said:
        await process.wait()
        raise EngineStopped(said.get("error") or "llama.cpp ended while it loaded the model; is there enough memory?")
    return LlamaServer(process, said["url"], key, tuple(adapters))


def _serve(asked: Json, told: TextIO) -> None:
    """In the process of its own: serve until stdin ends."""
    from distill.teacher.engines import llama_cpp

    params = llama_cpp.parameters(Path(asked["gguf"]), "base", context=asked["context"] * asked["slots"])
    import xllamacpp

    params.n_parallel = asked["slots"]
    params.api_keys = [asked["key"]]
    params.endpoint_slots = False  # it shows what is asked
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 1.0) for path in asked["adapters"]]
    params.lora_init_without_apply = True
    if asked["embedding"]:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.n_batch = params.n_ubatch = asked["context"]
    server = xllamacpp.Server(params)
    _say(told, url=server.listening_address)
    sys.stdin.buffer.read()
    os._exit(0)  # at once: nobody waits for what it still computes


def _say(told: TextIO, **message: str) -> None:
    told.write(json.dumps(message) + "\n")
    told.flush()


def _own_stdout() -> TextIO:
    """What leads to the parent; whatever llama.cpp itself writes goes to the void."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, 1)
    os.close(void)
    return told


def main() -> None:
    """Read what is asked for, serve it; what goes wrong is said."""
    asked, told = json.loads(sys.stdin.readline()), _own_stdout()
    try:
        _serve(asked, told)
    except (DistillError, RuntimeError, OSError) as fault:
        _say(told, error=f"{Path(asked['gguf']).name} cannot be served by llama.cpp ({fault})")


if __name__ == "__main__":
    main()
