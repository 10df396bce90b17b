"""Somebody who answers the request files of a folder, as `vllm run-batch` does: each line by what the double would have said.

answer(folder)                        a result file beside each request file
answer(folder, keep=lambda n: n < 3)  only some of the lines, by number from 0
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rounds import CHAT, RATE, RUN

from distill.money import Budget
from distill.records import Json, Request, canonical
from distill.teacher.batch.by_file.folder_host import FolderHost
from distill.teacher.batch.files.input_file import BatchLimits
from distill.teacher.batch.session import BatchSession
from distill.teacher.store.store import Store
from distill.testing.completions import complete


def asked(folder: Path) -> dict[str, list[dict[str, Json]]]:
    """Name → the lines of each request file that lies there."""
    found = sorted((folder / "requests").glob("*.jsonl"))
    return {path.stem: [json.loads(line) for line in path.read_bytes().splitlines()] for path in found}


def line(request: dict[str, Json]) -> bytes:
    """The output line of vLLM about one request."""
    body = json.loads(complete(Request("", request["body"]), size=len(canonical(request["body"]).encode())).body)
    response = {"status_code": 200, "request_id": "vllm-batch-1", "body": body}
    return encoded(custom_id=request["custom_id"], response=response, error=None)


def failed(request: dict[str, Json], status: int, message: str) -> bytes:
    """The same about one that vLLM could not do: its error stands beside a response without a body."""
    error = {"error": {"message": message, "type": "BadRequestError", "param": None, "code": status}}
    response = {"status_code": status, "request_id": "vllm-batch-1", "body": None}
    return encoded(custom_id=request["custom_id"], response=response, error=error)


def encoded(**fields: Json) -> bytes:
    return json.dumps({"id": "vllm-1", **fields}).encode() + b"\n"


def lines(requests: Iterable[dict[str, Json]], keep: Callable[[int], bool] = lambda _number: True) -> bytes:
    return b"".join(line(one) for number, one in enumerate(requests) if keep(number))


def answer(folder: Path, keep: Callable[[int], bool] = lambda _number: True) -> list[Path]:
    """Write the result files; which they are."""
    made = []
    for name, requests in asked(folder).items():
        made.append(folder / "results" / f"{name}.jsonl")
        made[-1].write_bytes(lines(requests, keep))
    return made


@contextmanager
def session_in(folder: Path, store: Store, said: list[str] | None = None, **changed: Any) -> Iterator[BatchSession]:
    """A session over a folder as a new process would begin it."""
    say = (said if said is not None else []).append
    give_up = changed.pop("give_up_missing", False)
    host = FolderHost(folder=folder, store=store, label=f"{RUN}-teacher", model="m", give_up_missing=give_up, say=say)
    host.prepare()
    settings: dict[str, Any] = {
        "run": RUN, "spender": "teacher", "endpoint": "here", "model": "m", "url": CHAT, "price": RATE.usd,
        "budget": Budget(None, store.spent(RUN)), "limits": BatchLimits(rows=12), "give_up_missing": give_up, "say": say,
    }  # fmt: skip
    yield BatchSession(host=host, store=store, **(settings | changed))
