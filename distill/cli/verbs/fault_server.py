"""`distill fault-server`: its options; rehearsal.py serves it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from distill.cli.options import Json, out


def fault_server(
    port: Annotated[int, typer.Option(help="0 takes a free one", min=0, max=65535)] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="NAME=SHARE of the attempts, e.g. 500=0.05; repeatable", metavar="NAME=SHARE"),
    ] = None,
    dialect: Annotated[
        list[str] | None,
        typer.Option(
            help="answer as a named server does, e.g. vllm, groq=0.3, reasoning, all; `--dialect help` lists them; repeatable",
            metavar="NAME[=SHARE]",
        ),
    ] = None,
    dialect_drop: Annotated[
        bool, typer.Option("--dialect-drop", help="also bodies that cost a row: cut, filtered, refused")
    ] = False,
    dialect_stop: Annotated[
        bool, typer.Option("--dialect-stop", help="also bodies that end a run: no key, no money, no model")
    ] = False,
    latency: Annotated[float, typer.Option(help="seconds before each answer", min=0)] = 0.0,
    rpm: Annotated[int | None, typer.Option(help="requests a minute, held with honest 429s", min=1)] = None,
    tpm: Annotated[int | None, typer.Option(help="tokens a minute", min=1)] = None,
    retry_after: Annotated[float, typer.Option(help="seconds that a 429 asks for", min=0)] = 1.0,
    seed: Annotated[int, typer.Option(help="another seed, other attempts that fail")] = 0,
    hurry: Annotated[
        float, typer.Option(help="seconds of the batches' clock in a real one; 0: it stands until POST /clock", min=0)
    ] = 1.0,
    batch_hours: Annotated[float, typer.Option(help="hours that the rows of a batch take", min=0)] = 1.0,
    batch_window: Annotated[float, typer.Option(help="hours until a batch expires", min=0.1)] = 24.0,
    enqueued_tokens: Annotated[
        int | None, typer.Option(help="the most prompt tokens in the open batches of a model", min=1)
    ] = None,
    batch_fault: Annotated[
        list[str] | None,
        typer.Option(
            help="e.g. error-rows=0.1, create-lost@1, expired@30%=0.5; repeatable", metavar="NAME[@N][=SHARE]"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Rehearse a night: an endpoint on 127.0.0.1 that fails as real ones do, and bills; Ctrl-C prints its ledger."""
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
