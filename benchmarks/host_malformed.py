"""Malformed requests for a host, by the published description of its routes: no crash, no 5xx but 501 and 503 with a reason.

    python benchmarks/host_malformed.py DESCRIPTION [--requests 10000] [--seed 0]

DESCRIPTION is an OpenAPI file (JSON) of the files, uploads, fine_tuning, batches, models, chat, completions and embeddings routes.
Requests are drawn from its schemas and broken on the way: a value of another kind, at an edge, too long or too deep, a member too many
or missing, a body cut or of another content type. Half of them name files, jobs and models that are there, so that they come further than the
first check. An error has to have the API's shape. Each minute or so the host has to be in health. Prints one JSON object; exit code 1 where
something was missed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

BASE = "gpt-4o-mini-2024-07-18"
LIMIT_S = 120
_JOB = re.compile(rb"ftjob-\w{24}")
BREAKS = 0.12
"""Of the values of a body."""
_DEEP: Any = "deep"
for _ in range(60):
    _DEEP = [_DEEP]
EDGES = [
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**70, 0.5, -0.0, 1e-320, 1e308, "", " ", "\x00", "a\nb", "\x1b[2J", "ünï😀", "x" * 5000,
    "../../etc/passwd", "%00", "auto", "null", "1", "-1", "ft:x:y:z", "24h", [], [None], [[]], ["a"] * 200, {}, {"": ""}, {"type": "object"}, {"a": {"b": None}}, _DEEP,
]  # fmt: skip
KINDS = [
    "text/plain",
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=XX",
    "",
    ";",
    "application/x-www-form-urlencoded",
]


@dataclass(slots=True)
class Drawn:
    """Values of the description's schemas, some of them broken."""

    parts: dict[str, Any]
    there: dict[str, str]
    luck: random.Random

    def value(self, schema: dict[str, Any], name: str = "", depth: int = 0) -> Any:
        schema = self._read(schema)
        if self.luck.random() < BREAKS:
            return self.luck.choice(EDGES)
        if name in self.there and self.luck.random() < 0.7:
            return self.there[name]
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.value(self.luck.choice(options), name, depth + 1)
        if "allOf" in schema:
            merged: Any = {}
            for one in (self.value(part, name, depth + 1) for part in schema["allOf"]):
                merged = merged | one if isinstance(merged, dict) and isinstance(one, dict) else one
            return merged
        if "enum" in schema:
            return self.luck.choice(schema["enum"])
        return self._of_kind(schema, depth)

    def _of_kind(self, schema: dict[str, Any], depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = self.luck.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return [
                self.value(schema.get("items", {}), "", depth + 1)
                for _ in range(self.luck.randrange(4) if depth < 8 else 0)
            ]
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", 0), schema.get("maximum", 9)
            return self.luck.choice([low, high, low - 1, high + 1, schema.get("default", 1)])
        return {"boolean": self.luck.random() < 0.5, "null": None}.get(
            kind, self.luck.choice(["a", "user", "hi there", "x" * 64, "{}"])
        )

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        needed, found = schema.get("required", ()), {}
        for name, part in schema.get("properties", {}).items():
            if self.luck.random() < (0.95 if name in needed else 0.25 if depth < 6 else 0):
                found[name] = self.value(part, name, depth + 1)
        if self.luck.random() < 0.05:
            found[self.luck.choice(["", "x", "__class__", "model", "id"])] = self.luck.choice(EDGES)
        return found

    def _read(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            place: Any = self.parts
            for step in schema["$ref"].split("/")[1:]:
                place = place.get(step, {})
            schema = place
        return schema


@dataclass(slots=True)
class Sender:
    """Sends requests on one line and counts their answers; `odd` is what must not be."""

    port: int
    statuses: Counter[int] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    line: http.client.HTTPConnection | None = None

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        said = f"{method} {path[:300]} {headers} {(body or b'')[:600]!r}"
        for last in (False, True):
            self.line = self.line or http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
            try:
                self.line.request(method, path, body, headers)
                answer = self.line.getresponse()
                text = answer.read()
                break
            except (OSError, http.client.HTTPException) as fault:  # a line that the host closed after a refusal
                self.line.close()
                self.line = None
                if last:
                    self.odd.append(f"{fault!r} for {said}")
                    return b""
        self.statuses[answer.status] += 1
        if answer.status >= 400 and (wrong := wrong_error(answer.status, text)):
            self.odd.append(f"{answer.status} {wrong}: {text[:300]!r} for {said}")
        return text

    def json(self, method: str, path: str, body: Any) -> dict[str, Any]:
        sent, kind = body if isinstance(body, tuple) else (json.dumps(body).encode(), "application/json")
        found: dict[str, Any] = json.loads(self.send(method, path, sent, {"content-type": kind}))
        return found


def wrong_error(status: int, text: bytes) -> str:
    try:
        error = json.loads(text)["error"]
        shaped = list(error) == ["message", "type", "param", "code"] and bool(error["message"])
    except (ValueError, KeyError, TypeError):
        shaped = False
    if not shaped:
        return "is not in the shape of an error"
    return "is a 5xx" if status >= 500 and status not in (501, 503) else ""


def form(fields: dict[str, Any], data: bytes) -> tuple[bytes, str]:
    """A multipart body; the parts `file` and `data` hold the bytes."""
    body = b""
    for name, value in fields.items():
        named, content = (f'{name}"; filename="a.jsonl', data) if name in ("file", "data") else (name, value)
        said = content if isinstance(content, bytes) else str(content).encode("utf-8", "replace")
        body += (
            f'--XX\r\ncontent-disposition: form-data; name="{named}"\r\n\r\n'.encode("utf-8", "replace")
            + said
            + b"\r\n"
        )
    return body + b"--XX--\r\n", "multipart/form-data; boundary=XX"


def one_request(drawn: Drawn, path: str, operation: dict[str, Any]) -> tuple[str, bytes | None, dict[str, str]]:
    """The path with its query, the body and the headers."""
    luck, query = drawn.luck, []
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path":
            said = drawn.there.get(name) if luck.random() < 0.5 else str(luck.choice(EDGES))[:2000]
            path = path.replace(f"{{{name}}}", quote(said or "x", safe=""))
        elif parameter["in"] == "query" and luck.random() < 0.5:
            query.append(f"{quote(name)}={quote(str(drawn.value(parameter.get('schema', {}), name))[:2000])}")
    url = "/v1" + path + ("?" + "&".join(query) if query else "")
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return url, None, {}
    kind, media = next(iter(content.items()))
    value = drawn.value(media["schema"])
    if "json" in kind:
        body = json.dumps(_cheap(value)).encode()
    else:
        body, kind = form(value if isinstance(value, dict) else {"file": ""}, luck.randbytes(luck.randrange(2000)))
    if luck.random() < 0.1:
        body = body[: luck.randrange(len(body) + 1)] + luck.choice([b"", b"\xff", b"}" * 99, b"[" * 9999])
    return url, body, {"content-type": luck.choice(KINDS) if luck.random() < 0.05 else kind}


def _cheap(value: Any) -> Any:
    """A sound call of a model writes two tokens."""
    if isinstance(value, dict) and {"messages", "prompt"} & set(value) and value.get("max_tokens") in (None, 1, 9, 16):
        return (
            value | {"max_tokens": 2, "n": 1, "best_of": 1} if "prompt" in value else value | {"max_tokens": 2, "n": 1}
        )
    return value


@contextmanager
def hosting(folder: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "distill", "host", "--json", "--port", "0", "--folder", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while lines[-1] != "}\n":
            assert lines[-1], "the host did not start"
            lines.append(process.stdout.readline())
        try:
            yield int(json.loads("".join(lines))["started"]["url"].split(":")[2].split("/")[0]), process
        finally:
            process.terminate()


def things(sender: Sender) -> dict[str, str]:
    """Names of what is there, by the settings and the parts of paths that say them."""
    rows = b"".join(
        b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "%d"}]}\n' % n
        for n in range(12)
    )
    train = sender.json("POST", "/v1/files", form({"file": "", "purpose": "fine-tune"}, rows))["id"]
    batch = sender.json("POST", "/v1/files", form({"file": "", "purpose": "batch"}, rows))["id"]
    job = sender.json("POST", "/v1/fine_tuning/jobs", {"model": BASE, "training_file": train})["id"]
    sender.json("POST", f"/v1/fine_tuning/jobs/{job}/cancel", {})
    asked = {"filename": "a", "purpose": "batch", "bytes": 4, "mime_type": "text/jsonl"}
    upload = sender.json("POST", "/v1/uploads", asked | {"filename": "a.jsonl"})["id"]
    made = {"input_file_id": batch, "endpoint": "/v1/completions", "completion_window": "24h"}
    return {
        "model": BASE, "training_file": train, "validation_file": train, "file_id": batch, "input_file_id": batch, "upload_id": upload,
        "fine_tuning_job_id": job, "batch_id": sender.json("POST", "/v1/batches", made)["id"], "fine_tuned_model_checkpoint": BASE,
    }  # fmt: skip


def main() -> int:
    """Run it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    options.add_argument("description", type=Path)
    options.add_argument("--requests", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    described, luck = json.loads(asked.description.read_text()), random.Random(asked.seed)
    routes = [(path, method.upper(), one) for path, ones in described["paths"].items() for method, one in ones.items()]
    with tempfile.TemporaryDirectory() as folder, hosting(folder) as (port, process):
        sender, lives = Sender(port), True
        drawn = Drawn(described, things(sender), luck)
        for number in range(asked.requests):
            path, method, operation = routes[number % len(routes)]
            url, body, headers = one_request(drawn, path, operation)
            text = sender.send(method, url, body, headers)
            if (made := _JOB.search(text)) and method == "POST":  # it is not to train for an hour
                sender.send("POST", f"/v1/fine_tuning/jobs/{made[0].decode()}/cancel", None, {})
            if number % 500 == 499:
                lives = (
                    lives and process.poll() is None and sender.send("GET", "/health", None, {}) == b'{"status":"ok"}'
                )
                print(number + 1, len(sender.odd), dict(sender.statuses), file=sys.stderr, flush=True)
        found = {
            "requests": sum(sender.statuses.values()), "statuses": dict(sorted(sender.statuses.items())), "lives": lives,
            "odd": len(sender.odd), "examples": sender.odd[:20],
        }  # fmt: skip
        print(json.dumps(found, indent=2))
    return int(bool(sender.odd) or not lives)


if __name__ == "__main__":
    sys.exit(main())
