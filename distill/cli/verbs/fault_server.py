"""`distill fault-server`: its options; rehearsal.py serves it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from distill.cli.options import AsJson, out

Port = Annotated[int, typer.Option(help="0 picks a free port", min=0, max=65535)]
FaultShares = Annotated[
    list[str] | None,
    typer.Option("--fault", help="a fault and its share of attempts, e.g. 500=0.05; repeatable", metavar="NAME=SHARE"),
]
DialectShares = Annotated[
    list[str] | None,
    typer.Option(
        "--dialect",
        help="answer in the format of a server, e.g. vllm, groq=0.3, all; `--dialect help` lists them; repeatable",
        metavar="NAME[=SHARE]",
    ),
]
LosingReplies = Annotated[
    bool, typer.Option("--dialect-drop", help="include replies that cost a row: truncated, filtered, refused")
]
EndingReplies = Annotated[
    bool, typer.Option("--dialect-stop", help="include replies that end a run: bad key, no credit, unknown model")
]
Latency = Annotated[float, typer.Option(help="seconds before each answer", min=0)]
RequestsPerMinute = Annotated[int | None, typer.Option("--rpm", help="requests per minute; more get a 429", min=1)]
TokensPerMinute = Annotated[int | None, typer.Option("--tpm", help="tokens per minute; more get a 429", min=1)]
RetryAfter = Annotated[float, typer.Option(help="seconds in the Retry-After header of a 429", min=0)]
RandomSeed = Annotated[int, typer.Option(help="random seed: chooses which attempts fail")]
Hurry = Annotated[
    float,
    typer.Option(help="speed of the batch clock, e.g. 3600: an hour per second; 0: only POST /clock moves it", min=0),
]
BatchHours = Annotated[float, typer.Option(help="hours that a batch job takes", min=0)]
BatchWindow = Annotated[float, typer.Option(help="hours until a batch job expires", min=0.1)]
EnqueuedTokens = Annotated[
    int | None, typer.Option(help="the most prompt tokens in the open batch jobs of a model", min=1)
]
BatchFaults = Annotated[
    list[str] | None,
    typer.Option(
        "--batch-fault",
        help="a fault of batch jobs, e.g. error-rows=0.1, create-lost@1, expired@30%=0.5; repeatable",
        metavar="NAME[@N][=SHARE]",
    ),
]


def fault_server(
    port: Port = 0, fault: FaultShares = None, dialect: DialectShares = None, dialect_drop: LosingReplies = False,
    dialect_stop: EndingReplies = False, latency: Latency = 0.0, rpm: RequestsPerMinute = None, tpm: TokensPerMinute = None,
    retry_after: RetryAfter = 1.0, seed: RandomSeed = 0, hurry: Hurry = 1.0, batch_hours: BatchHours = 1.0,
    batch_window: BatchWindow = 24.0, enqueued_tokens: EnqueuedTokens = None, batch_fault: BatchFaults = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run a local endpoint that injects faults.

    OpenAI-compatible, on 127.0.0.1: 429s, timeouts, lost batch jobs. Ctrl-C prints what it would have billed.
    """
    from distill.cli import rehearsal

    if "help" in (dialect or []):
        out({"dialects": rehearsal.endings()}, as_json, rehearsal.dialect_lines())
        return
    batch = rehearsal.batch_script(
        batch_fault or [], hurry=hurry, hours=batch_hours, window_hours=batch_window, enqueued_tokens=enqueued_tokens
    )
    script = rehearsal.script(
        fault or [], dialect or [], batch, seed=seed, latency_s=latency, retry_after_s=retry_after,
        requests_per_minute=rpm, tokens_per_minute=tpm, dialect_drop=dialect_drop, dialect_stop=dialect_stop,
    )  # fmt: skip
    ledger = rehearsal.serve(script, port, lambda url: out({"base_url": url}, as_json, rehearsal.hello(url)))
    out(ledger, as_json, [json.dumps(ledger)])
