"""`distill fault-server`: the fault server from the command line, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distill.errors import UsageError
from distill.testing.batch.faults import batch_fault
from distill.testing.batch.states import BatchScript
from distill.testing.dialects import load, names
from distill.testing.fault_server import Script
from distill.testing.fault_server import serve as listening
from distill.testing.faults import FAULTS


def share(given: str) -> tuple[str, float]:
    """`500=0.05` → ("500", 0.05)."""
    name, _, value = given.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise UsageError(
            f"--fault {given!r}: expected NAME=SHARE, e.g. 500=0.05; faults are {', '.join(FAULTS)}"
        ) from None


def dialects(given: Sequence[str]) -> dict[str, float]:
    """`["vllm", "groq=0.3"]` → {"vllm": 0.7, "groq": 0.3}: those without a share have what the others leave, in equal parts."""
    shares: dict[str, float | None] = {}
    for one in given:
        name, _, value = one.partition("=")
        try:
            shares[name] = float(value) if value else None
        except ValueError:
            raise UsageError(f"--dialect {one!r}: expected NAME or NAME=SHARE, e.g. vllm or groq=0.3") from None
    rest = max(0.0, 1 - sum(share or 0.0 for share in shares.values()))
    free = sum(share is None for share in shares.values())
    return {name: rest / free if share is None else share for name, share in shares.items()}


def listing() -> dict[str, dict[str, int]]:
    """Each dialect with how its bodies end, and how many do."""
    return {name: dict(Counter(body.ended.value for body in load(name))) for name in names()}


def listed() -> list[str]:
    """The same for a person."""
    return [
        f"{name:<11} " + ", ".join(f"{count} {ended}" for ended, count in ends.items())
        for name, ends in listing().items()
    ]


def batches(
    faults: Sequence[str], *, hurry: float, hours: float, window_hours: float, enqueued_tokens: int | None
) -> BatchScript:
    """How batches behave; a batch fault that is none is a UsageError."""
    try:
        batch_faults = tuple(batch_fault(given) for given in faults)
    except ValueError as fault:
        raise UsageError(f"--batch-fault: {fault}") from None
    return BatchScript(
        hurry=hurry, hours=hours, window_hours=window_hours, enqueued_tokens=enqueued_tokens, batch_faults=batch_faults
    )


def script(
    faults: Mapping[str, float], *, latency_s: float, rpm: int | None, tpm: int | None, retry_after_s: float, seed: int,
    batch: BatchScript, dialects: Mapping[str, float], drop: bool, stop: bool,
) -> Script:  # fmt: skip
    """The server's behaviour; an unknown fault or dialect, or shares above 1, are a UsageError."""
    try:
        found = Script(
            seed=seed, faults=faults, latency_s=latency_s, retry_after_s=retry_after_s, requests_per_minute=rpm,
            tokens_per_minute=tpm, batch=batch, dialects=dialects, dialect_drop=drop, dialect_stop=stop,
        )  # fmt: skip
    except ValueError as fault:
        raise UsageError(f"--fault: {fault}") from None
    try:
        found.drawn()
    except ValueError as fault:
        raise UsageError(f"--dialect: {fault}") from None
    return found


def hello(url: str) -> list[str]:
    """How to reach it."""
    return [
        f"export OPENAI_BASE_URL={url}",
        f"any key works; {url.removesuffix('/v1')}/ledger lists what was billed",
        "Ctrl-C stops the server and prints what it saw",
    ]


def serve(script: Script, port: int, started: Callable[[str], None]) -> dict[str, Any]:
    """Serve until Ctrl-C or SIGTERM; returns the ledger's summary."""

    async def until_told() -> dict[str, Any]:
        told = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(name, told.set)
        async with listening(script, port=port) as server:
            started(server.base_url)
            await told.wait()
        return server.ledger.summary()

    return asyncio.run(until_told())
