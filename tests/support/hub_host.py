"""The part of the Hugging Face hub that a push meets, on 127.0.0.1: repositories, their files, commits.

    with serve() as hub:         # hub.url, hub.repos["org/name"], hub.calls
        ...

A commit is taken whole or not at all. Names choose an end: `closed/…` is refused with 403, `broken/…` fails each commit with 500.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_" + "abcdefghij" * 4


@dataclass(slots=True)
class Hub:
    url: str = ""
    repos: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name → {"private": bool, "files": {path: bytes}}."""
    calls: list[str] = field(default_factory=list)


@contextmanager
def serve() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_: Any) -> None:
        self.hub.calls.append(f"{self.command} {self.path.split('?')[0]}")

    def do_GET(self) -> None:
        if not self._known():
            return
        repo = self._repo()
        if repo is None:
            self._say(404, {"error": "Repository not found"})
        elif "/tree/" in self.path:
            files = [
                {"type": "file", "path": path, "size": len(data), "oid": "0" * 40}
                for path, data in repo["files"].items()
            ]
            self._say(200, files)
        else:
            self._say(200, {"id": self._name(), "private": repo["private"], "sha": "0" * 40, "siblings": []})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._known():
            return
        if self.path == "/api/repos/create":
            self._create(json.loads(body))
        elif self.path.endswith("/validate-yaml"):
            self._say(200, {"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            paths = [one["path"] for one in json.loads(body)["files"]]
            self._say(
                200, {"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]}
            )
        elif "/commit/" in self.path:
            self._commit([json.loads(line) for line in body.splitlines()])
        else:
            self._say(404, {"error": f"no {self.path}"})

    def _create(self, given: dict[str, Any]) -> None:
        name = f"{given['organization']}/{given['name']}"
        if name.startswith("closed/"):
            self._say(403, {"error": "You don't have the rights to create a dataset under this namespace"})
        elif name in self.hub.repos:
            self._say(409, {"error": "You already created this dataset repo", "url": f"{self.hub.url}/datasets/{name}"})
        else:
            self.hub.repos[name] = {"private": given.get("visibility") == "private", "files": {}}
            self._say(200, {"url": f"{self.hub.url}/datasets/{name}"})

    def _commit(self, lines: list[dict[str, Any]]) -> None:
        repo = self._repo()
        if repo is None or self._name().startswith("broken/"):
            self._say(500, {"error": "Internal error, retry"})
            return
        for line in lines:
            if line["key"] == "file":
                repo["files"][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "deletedFile":
                repo["files"].pop(line["value"]["path"], None)
        url = f"{self.hub.url}/datasets/{self._name()}/commit/{'1' * 40}"
        self._say(
            200, {"success": True, "commitOid": "1" * 40, "commitUrl": url, "hookOutput": "", "pullRequestUrl": None}
        )

    def _known(self) -> bool:
        """Whether the caller has the token; else the reply is given."""
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self._say(401, {"error": "Invalid username or password."})
        return False

    def _name(self) -> str:
        return "/".join(self.path.split("?")[0].split("/")[3:5])

    def _repo(self) -> dict[str, Any] | None:
        return self.hub.repos.get(self._name())

    def _say(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status >= 400:
            self.send_header("X-Error-Message", value["error"])
        self.end_headers()
        self.wfile.write(body)
