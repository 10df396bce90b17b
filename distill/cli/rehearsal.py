"""`distill fault-server`: the fault server from the command line, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Sequence

from distill.errors import UsageError
from distill.records import Json
from distill.testing import fault_server
from distill.testing.batch.faults import batch_fault
from distill.testing.batch.states import BatchScript
from distill.testing.dialects import load, names
from distill.testing.fault_server import Script
from distill.testing.faults import FAULTS


def fault_shares(given: Sequence[str]) -> dict[str, float]:
    """`["500=0.05"]` → {"500": 0.05}."""
    shares = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            shares[name] = float(value)
        except ValueError:
            raise UsageError(
                f"--fault {text!r}: expected NAME=SHARE, e.g. 500=0.05; faults are {', '.join(FAULTS)}"
            ) from None
    return shares


def dialect_shares(given: Sequence[str]) -> dict[str, float]:
    """`["vllm", "groq=0.3"]` → {"vllm": 0.7, "groq": 0.3}: those without a share have what the others leave, in equal parts."""
    shares: dict[str, float | None] = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            shares[name] = float(value) if value else None
        except ValueError:
            raise UsageError(f"--dialect {text!r}: expected NAME or NAME=SHARE, e.g. vllm or groq=0.3") from None
    rest = max(0.0, 1 - sum(share or 0.0 for share in shares.values()))
    free = sum(share is None for share in shares.values())
    return {name: rest / free if share is None else share for name, share in shares.items()}


def endings() -> dict[str, dict[str, int]]:
    """Each dialect with how its bodies end, and how many do."""
    return {name: dict(Counter(body.ended.value for body in load(name))) for name in names()}


def dialect_lines() -> list[str]:
    """The same for a person."""
    return [
        f"{name:<11} " + ", ".join(f"{count} {ended}" for ended, count in ends.items())
        for name, ends in endings().items()
    ]


def batch_script(
    faults: Sequence[str], *, hurry: float, hours: float, window_hours: float, enqueued_tokens: int | None
) -> BatchScript:
    """How batch jobs behave; a batch fault that is none is a UsageError."""
    try:
        batch_faults = tuple(batch_fault(text) for text in faults)
    except ValueError as fault:
        raise UsageError(f"--batch-fault: {fault}") from None
    return BatchScript(
        hurry=hurry, hours=hours, window_hours=window_hours, enqueued_tokens=enqueued_tokens, batch_faults=batch_faults
    )


def script(
    faults: Sequence[str], dialects: Sequence[str], batch: BatchScript, *, seed: int, latency_s: float, retry_after_s: float,
    requests_per_minute: int | None, tokens_per_minute: int | None, dialect_drop: bool, dialect_stop: bool,
) -> Script:  # fmt: skip
    """How the server behaves; an unknown fault or dialect, or shares above 1, are a UsageError."""
    shares, spoken = fault_shares(faults), dialect_shares(dialects)
    try:
        found = Script(
            seed=seed, faults=shares, latency_s=latency_s, retry_after_s=retry_after_s,
            requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute, batch=batch,
            dialects=spoken, dialect_drop=dialect_drop, dialect_stop=dialect_stop,
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


def serve(script: Script, port: int, started: Callable[[str], None]) -> dict[str, Json]:
    """Serve until Ctrl-C or SIGTERM; returns the ledger's summary."""

    async def until_stopped() -> dict[str, Json]:
        stopped = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        async with fault_server.serve(script, port=port) as server:
            started(server.base_url)
            await stopped.wait()
        return server.ledger.summary()

    return asyncio.run(until_stopped())
