"""Malformed requests for a host, by the published description of its routes: no crash, no 5xx but 501 and 503 with a reason.

    python benchmarks/host_malformed.py DESCRIPTION [--requests 10000] [--seed 0]

DESCRIPTION is an OpenAPI file (JSON) of the files, uploads, fine_tuning, batches, models, chat, completions and embeddings routes.
Needs `pip install schemathesis`. Two of three requests break the description, the third keeps to it; some name files, jobs and
models that are there, so that they come further than the first check. Each answer of an error has to have the API's shape. Prints one JSON object; exit code 1
where something was missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

BASE = "gpt-4o-mini-2024-07-18"
LIMIT_S = 60


@contextmanager
def hosting(folder: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "distill", "host", "--json", "--port", "0", "--folder", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while lines[-1] != "}\n":
            assert lines[-1], "the host did not start"
            lines.append(process.stdout.readline())
        try:
            yield json.loads("".join(lines))["started"]["url"], process
        finally:
            process.terminate()


class Malformed:
    """Sends requests and counts their answers; `odd` is what must not be."""

    def __init__(self, url: str) -> None:
        self.url, self.session = url, requests.Session()
        self.statuses: Counter[int] = Counter()
        self.odd: list[str] = []
        rows = b"".join(
            b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "%d"}]}\n' % n
            for n in range(12)
        )
        made = self.session.post(
            f"{url}/files", files={"file": ("a.jsonl", rows)}, data={"purpose": "fine-tune"}, timeout=LIMIT_S
        ).json()
        batch = self.session.post(
            f"{url}/files", files={"file": ("a.jsonl", rows)}, data={"purpose": "batch"}, timeout=LIMIT_S
        ).json()
        job = self.session.post(
            f"{url}/fine_tuning/jobs", json={"model": BASE, "training_file": made["id"]}, timeout=LIMIT_S
        ).json()
        self.session.post(f"{url}/fine_tuning/jobs/{job['id']}/cancel", timeout=LIMIT_S)
        self.there = {"file": made["id"], "batch": batch["id"], "fine_tuning_job": job["id"], "model": BASE}

    def send(self, case: Any, luck: float) -> None:
        """One request, in some with names that are there."""
        if luck < 0.5:
            self._named(case)
        given = case.as_transport_kwargs(base_url=self.url)
        try:
            answer = self.session.request(**given, timeout=LIMIT_S, stream=False)
        except requests.exceptions.InvalidHeader:
            self.statuses[0] += 1
            return
        except requests.exceptions.RequestException as fault:
            self.statuses[-1] += 1
            self.odd.append(f"{case.method} {case.path}: {fault!r} for {str(given)[:500]}")
            return
        self.statuses[answer.status_code] += 1
        if (wrong := self._wrong(answer)) is not None:
            self.odd.append(
                f"{case.method} {case.path}: {answer.status_code} {wrong} for {str(given)[:800]}: {answer.text[:300]}"
            )

    def _named(self, case: Any) -> None:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = self.there.get(name.removesuffix("_id"), self.there["file"])
        if isinstance(case.body, dict):
            for name, there in (
                ("model", BASE),
                ("training_file", self.there["file"]),
                ("input_file_id", self.there["batch"]),
            ):
                if name in case.body:
                    case.body[name] = there
            if "messages" in case.body or "prompt" in case.body:
                case.body["max_tokens"] = 2

    @staticmethod
    def _wrong(answer: requests.Response) -> str | None:
        if answer.status_code < 400 or answer.request.method == "HEAD":
            return None
        try:
            error = answer.json()["error"]
            shaped = list(error) == ["message", "type", "param", "code"] and bool(error["message"])
        except (ValueError, KeyError, TypeError):
            shaped = False
        if not shaped:
            return "not in the shape of an error"
        return "a 5xx" if answer.status_code >= 500 and answer.status_code not in (501, 503) else None


def sender(malformed: Malformed, cases: st.SearchStrategy[Any], count: int, number: int) -> Callable[[], None]:
    """So many cases of one operation."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases, st.floats(0, 1))
    def send(case: Any, luck: float) -> None:
        malformed.send(case, luck)

    return send


def described(path: Path) -> dict[str, Any]:
    """The description without what its answers look like: some name parts that were left out of it."""
    found: dict[str, Any] = json.loads(path.read_text())
    for operations in found["paths"].values():
        for operation in operations.values():
            operation["responses"] = {"200": {"description": "an answer"}}
    return found


def breakable(operation: Any) -> bool:
    """Whether there is more to break than an id in the path, which may be any text."""
    return bool(list(operation.body) or list(operation.query))


def main() -> int:
    """Run it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("description", type=Path)
    options.add_argument("--requests", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--minutes", type=float, default=60, help="end with fewer requests after so long")
    asked = options.parse_args()
    schema = schemathesis.openapi.from_dict(described(asked.description))
    operations = [one.ok() for one in schema.get_all_operations()]
    modes = (GenerationMode.NEGATIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    each = -(-asked.requests // (len(operations) * len(modes)))
    with tempfile.TemporaryDirectory() as folder, hosting(folder) as (url, process):
        malformed, end, rounds = Malformed(url), time.monotonic() + asked.minutes * 60, 0
        while sum(malformed.statuses.values()) < asked.requests and time.monotonic() < end:
            for number, operation in enumerate(operations):
                for turn, mode in enumerate(modes if breakable(operation) else modes[1:2] * 3):
                    if time.monotonic() < end:
                        draw = asked.seed + 1000 * rounds + 10 * number + turn
                        sender(malformed, operation.as_strategy(generation_mode=mode), each, draw)()
                        print(
                            sum(malformed.statuses.values()),
                            operation.label,
                            len(malformed.odd),
                            file=sys.stderr,
                            flush=True,
                        )
            rounds += 1
        lives = process.poll() is None and requests.get(url.replace("/v1", "/health"), timeout=LIMIT_S).ok
        found = {
            "requests": sum(malformed.statuses.values()), "statuses": dict(sorted(malformed.statuses.items())), "lives": lives,
            "odd": len(malformed.odd), "examples": malformed.odd[:20],
        }  # fmt: skip
        print(json.dumps(found, indent=2))
    return int(bool(malformed.odd) or not lives)


if __name__ == "__main__":
    sys.exit(main())
