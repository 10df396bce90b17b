"""`distill fault-server`: its options; rehearsal.py serves it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from distill.cli.options import Json, out


def fault_server(
    port: Annotated[int, typer.Option(help="0 picks a free port", min=0, max=65535)] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="a fault and its share of attempts, e.g. 500=0.05; repeatable", metavar="NAME=SHARE"),
    ] = None,
    dialect: Annotated[
        list[str] | None,
        typer.Option(
            help="answer in the format of a server, e.g. vllm, groq=0.3, all; `--dialect help` lists them; repeatable",
            metavar="NAME[=SHARE]",
        ),
    ] = None,
    dialect_drop: Annotated[
        bool, typer.Option("--dialect-drop", help="include replies that cost a row: truncated, filtered, refused")
    ] = False,
    dialect_stop: Annotated[
        bool, typer.Option("--dialect-stop", help="include replies that end a run: bad key, no credit, unknown model")
    ] = False,
    latency: Annotated[float, typer.Option(help="seconds before each answer", min=0)] = 0.0,
    rpm: Annotated[int | None, typer.Option(help="requests per minute; more get a 429", min=1)] = None,
    tpm: Annotated[int | None, typer.Option(help="tokens per minute; more get a 429", min=1)] = None,
    retry_after: Annotated[float, typer.Option(help="seconds in the Retry-After header of a 429", min=0)] = 1.0,
    seed: Annotated[int, typer.Option(help="random seed: chooses which attempts fail")] = 0,
    hurry: Annotated[
        float,
        typer.Option(
            help="speed of the batch clock, e.g. 3600: an hour per second; 0: only POST /clock moves it", min=0
        ),
    ] = 1.0,
    batch_hours: Annotated[float, typer.Option(help="hours that a batch job takes", min=0)] = 1.0,
    batch_window: Annotated[float, typer.Option(help="hours until a batch job expires", min=0.1)] = 24.0,
    enqueued_tokens: Annotated[
        int | None, typer.Option(help="the most prompt tokens in the open batch jobs of a model", min=1)
    ] = None,
    batch_fault: Annotated[
        list[str] | None,
        typer.Option(
            help="a fault of batch jobs, e.g. error-rows=0.1, create-lost@1, expired@30%=0.5; repeatable",
            metavar="NAME[@N][=SHARE]",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a local endpoint that injects faults.

    OpenAI-compatible, on 127.0.0.1: 429s, timeouts, lost batch jobs. Ctrl-C prints what it would have billed.
    """
    from distill.cli import rehearsal

    if "help" in (dialect or []):
        out({"dialects": rehearsal.listing()}, as_json, rehearsal.listed())
        return
    shares = dict(rehearsal.share(given) for given in fault or [])
    batch = rehearsal.batches(
        batch_fault or [], hurry=hurry, hours=batch_hours, window_hours=batch_window, enqueued_tokens=enqueued_tokens
    )
    script = rehearsal.script(
        shares, latency_s=latency, rpm=rpm, tpm=tpm, retry_after_s=retry_after, seed=seed, batch=batch,
        dialects=rehearsal.dialects(dialect or []), drop=dialect_drop, stop=dialect_stop,
    )  # fmt: skip
    ledger = rehearsal.serve(script, port, lambda url: out({"base_url": url}, as_json, rehearsal.hello(url)))
    out(ledger, as_json, [json.dumps(ledger)])
