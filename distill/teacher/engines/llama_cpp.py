"""A GGUF file served by llama.cpp on loopback, with a LoRA adapter on top if there is one.

One slot: on few cores it answers more calls a second than several (docs/decisions/one-slot-embedded-server.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from distill import extras
from distill.errors import UsageError

if TYPE_CHECKING:
    import xllamacpp


@contextmanager
def serve(
    gguf: Path, name: str, *, context: int, adapter: Path | None = None, threads: int | None = None
) -> Iterator[str]:
    """Serve a file under a name, `context` tokens a call, with so many threads; yields the base_url on 127.0.0.1."""
    params = parameters(gguf, name, context=context, computing=threads)
    import xllamacpp

    if adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    with _quiet():
        try:
            server = xllamacpp.Server(params)
        except RuntimeError as fault:
            raise UsageError(
                f"{gguf} cannot be served by llama.cpp ({fault}): it is no GGUF file, one of an architecture that it does not know, "
                "or too large for the memory"
            ) from None
    try:
        yield f"{server.listening_address}/v1"
    finally:
        with _quiet():
            del server


def parameters(gguf: Path, name: str, *, context: int, computing: int | None = None) -> xllamacpp.CommonParams:
    """What llama.cpp's server is started with; UsageError where the package is not here."""
    # OpenMP threads that spin long at each barrier starve each other beside any other process (0.4 tokens a second);
    # those that sleep at once lose 40 % on a quiet machine. A short spin is as fast as a long one and shares fairly.
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    try:
        import xllamacpp
    except ImportError as fault:
        fix = "on Debian or Ubuntu: apt install libgomp1" if "libgomp" in str(fault) else extras.hint("embedded")
        raise UsageError(f"llama.cpp needs the package xllamacpp ({fault}); {fix}") from None
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = 1
    params.n_ctx = context
    params.cache_ram_mib = 0  # a second cache of older prompts, which would make an answer depend on them
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = computing or threads()
    params.ui = False
    params.verbosity = -1  # its log lines would tear the progress panel
    return params


def threads() -> int:
    """Threads to compute with: as many as the user set, or one for each core up to eight."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdecimal() and int(given) else max(1, min(os.cpu_count() or 1, 8))


@contextmanager
def _quiet() -> Iterator[None]:
    """llama.cpp writes its start-up to the process's stderr, past Python; it goes to the void while it loads."""
    saved, void = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(void, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(void)
