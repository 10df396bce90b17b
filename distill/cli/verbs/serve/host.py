"""`distill host`: the fine-tuning API on this machine."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, out
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.host.home import Home
    from distill.host.session import Started
    from distill.host.settings import HostSettings
    from distill.host.state.cleaning import DiskUsage

Bases = Annotated[
    list[str] | None,
    typer.Option(
        "--base",
        help="a base that can be asked and tuned: a folder, GGUF file, hub id or embedded/smollm2-135m; repeatable",
        metavar="NAME=PATH",
    ),
]
Aliases = Annotated[
    list[str] | None,
    typer.Option(
        "--alias",
        help="another name for a base; OpenAI's tunable names stand for the first base already; repeatable",
        metavar="NAME=BASE",
    ),
]
Address = Annotated[str, typer.Option(help="the address to listen at; any but this machine's own needs --key-env")]
Port = Annotated[int, typer.Option(help="0 picks a free port", min=0, max=65535)]
KeyEnv = Annotated[
    str | None,
    typer.Option(
        "--key-env",
        help="the variable with the key that clients have to send; several keys with commas between",
        metavar="VAR",
    ),
]
Folder = Annotated[Path, typer.Option(help="where files, jobs and tunes are kept")]
Upstream = Annotated[
    str | None,
    typer.Option(help="a vLLM that answers in place of the engines here, e.g. http://127.0.0.1:8001/v1", metavar="URL"),
]
UpstreamKeyEnv = Annotated[
    str | None, typer.Option("--upstream-key-env", help="the variable with the key of that server", metavar="VAR")
]
UploadMb = Annotated[int, typer.Option("--upload-mb", help="the most that one upload may have", min=1)]
QuotaGb = Annotated[
    float, typer.Option("--quota-gb", help="the most that files and jobs may take on the disk", min=0.001)
]
PerMinute = Annotated[int | None, typer.Option("--requests-per-minute", help="of one key; more get a 429", min=1)]
Status = Annotated[bool, typer.Option("--status", help="print what the folder holds, and end")]
CleanUp = Annotated[
    bool,
    typer.Option("--clean-up", help="remove folders of deleted tunes and ended jobs, and what a crash left, and end"),
]


def host(
    base: Bases = None, alias: Aliases = None, address: Address = "127.0.0.1", port: Port = 8000, key_env: KeyEnv = None,
    folder: Folder = Path(".distill"), upstream: Upstream = None,
    upstream_key_env: UpstreamKeyEnv = None, upload_mb: UploadMb = 512, quota_gb: QuotaGb = 20.0,
    requests_per_minute: PerMinute = None, status: Status = False, clean_up: CleanUp = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Serve OpenAI's fine-tuning API here.

    Files, fine-tuning jobs, models, chat, completions, embeddings and batches, trained and answered on this machine: code that was
    written for OpenAI runs with OPENAI_BASE_URL changed. Ctrl-C stops it; a job that trains goes on at the next start.
    """
    from distill import extras
    from distill.host.defaults import aliases_of, bases_of, keys_of, upstream_key_of
    from distill.host.home import Home
    from distill.host.settings import HostSettings

    if gone := extras.missing("host"):
        raise UsageError(f"distill host needs {', '.join(gone)}, not installed here; {extras.hint('host')}")
    home = Home(folder)
    if status or clean_up:
        _look(home, as_json, clean_up=clean_up)
        return
    bases = bases_of(base or [])
    settings = HostSettings(
        bases=bases, aliases=aliases_of(alias or [], bases), address=address, port=port, keys=keys_of(key_env, os.environ),
        upstream=upstream, upstream_key=upstream_key_of(upstream_key_env, os.environ, upstream),
        upload_bytes=upload_mb << 20, quota_bytes=int(quota_gb * 1e9), requests_per_minute=requests_per_minute,
    )  # fmt: skip
    _serve(settings, home, key_env, as_json)


def _serve(settings: HostSettings, home: Home, key_env: str | None, as_json: bool) -> None:
    from distill.cli.text.serve.host import started_lines
    from distill.host import session
    from distill.host.access.keys import check_start

    check_start(settings.address, settings.keys, key_env)

    def ready(started: Started) -> None:
        out({"started": dataclasses.asdict(started) | {"folder": str(started.folder)}}, as_json, started_lines(started))

    session.serve(settings, home, key_env, ready)
    out({"stopped": True}, as_json, ["stopped"])


def _look(home: Home, as_json: bool, *, clean_up: bool) -> None:
    from distill.cli.text.serve.host import cleaned_lines, usage_lines
    from distill.host import session

    if not home.database.is_file():
        raise UsageError(
            f"{home.folder} holds no host yet (there is no {home.database}); `distill host` makes one, --folder names another"
        )
    if not clean_up:
        found = session.usage(home)
        out(_told(found), as_json, usage_lines(found))
        return
    removed, left = session.clean_up(home)
    out({"removed": dataclasses.asdict(removed), "left": _told(left)}, as_json, cleaned_lines(removed, left))


def _told(found: DiskUsage) -> dict[str, object]:
    return dataclasses.asdict(found) | {"folder": str(found.folder), "bytes": found.bytes}
