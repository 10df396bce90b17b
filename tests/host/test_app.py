"""Whatever a client sends is answered in the API's shape, and what one client does never ends the process for the others."""

from __future__ import annotations

import errno
import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hosting import ROUTES, Hosting, call, form, hosting
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from distill.host.settings import HostSettings
from distill.host.state import files

SECRET = "sk-proj-abcdef1234567890"


async def broken(request: Request) -> Response:
    kind = request.query_params["kind"]
    if kind == "disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if kind == "database":
        raise sqlite3.OperationalError("database or disk is full")
    if kind == "files":
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    if kind == "stream":
        return StreamingResponse(_torn())
    raise RuntimeError(f"unexpected with {SECRET}")


async def _torn() -> AsyncIterator[bytes]:
    yield b"data: 1\n\n"
    raise RuntimeError("amid the stream")


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    routes = (*ROUTES, Route("/broken", broken))
    with hosting(
        tmp_path_factory.mktemp("app"), HostSettings(upload_bytes=1 << 20, quota_bytes=1 << 30), routes
    ) as made:
        yield made


def lives(hosted: Hosting) -> bool:
    return call(hosted.port, "GET", "/health").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/v1", 404), ("GET", "/v1/nothing", 404), ("GET", "/v1/files/", 404), ("PUT", "/v1/files", 405),
     ("OPTIONS", "/v1/files", 405), ("POST", "/v1/files/x", 405), ("GET", "/v1/" + "x" * 20_000, 404)],
)  # fmt: skip
def test_paths_and_methods_that_there_are_not(method: str, path: str, status: int, hosted: Hosting) -> None:
    reply = call(hosted.port, method, path, Origin="http://localhost:3000")
    assert reply.status == status
    assert reply.error["type"] == "invalid_request_error"
    assert reply.headers["x-request-id"].startswith("req_")
    assert not [name for name in reply.headers if name.startswith("access-control")]


def test_with_and_without_v1(hosted: Hosting) -> None:
    assert call(hosted.port, "GET", "/files").status == call(hosted.port, "GET", "/v1/files").status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b'"' + b"x" * 1000, b"[" * 5000])
def test_bodies_that_are_no_object(body: bytes, hosted: Hosting) -> None:
    reply = call(hosted.port, "POST", "/v1/uploads", body, content_type="application/json")
    assert reply.status == 400
    assert "JSON" in reply.error["message"]


def test_another_content_type(hosted: Hosting) -> None:
    for kind in ("text/plain", "multipart/form-data", ";;;", "application/x-www-form-urlencoded"):
        assert call(hosted.port, "POST", "/v1/uploads", b"{}", content_type=kind).status == 400
        assert call(hosted.port, "POST", "/v1/files", b"{}", content_type=kind).status == 400


def test_a_fault_of_ours(hosted: Hosting, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with the id that the client got, without what looks like a key."""
    reply = call(hosted.port, "GET", "/broken?kind=fault", authorization=f"Bearer {SECRET}")
    assert reply.status == 500
    assert reply.error["type"] == "server_error"
    assert reply.headers["x-request-id"] in caplog.text
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text + reply.body.decode()
    assert lives(hosted)


@pytest.mark.parametrize(("kind", "code"), [("disk", "no_space"), ("database", "no_space"), ("files", "busy")])
def test_what_the_machine_lacks_is_a_503(kind: str, code: str, hosted: Hosting) -> None:
    reply = call(hosted.port, "GET", f"/broken?kind={kind}")
    assert (reply.status, reply.error["code"]) == (503, code)


def test_a_stream_that_breaks(hosted: Hosting, caplog: pytest.LogCaptureFixture) -> None:
    """The line ends before the answer does, so that nobody takes a part for the whole."""
    with pytest.raises(Exception, match="IncompleteRead"):
        call(hosted.port, "GET", "/broken?kind=stream")
    assert "amid the stream" in caplog.text
    assert lives(hosted)


def raw(port: int, sent: bytes, *, wait_s: float = 10.0) -> bytes:
    """What comes back for bytes of any kind, until nothing comes for a moment."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as line:
        line.sendall(sent)
        found = b""
        try:
            while piece := line.recv(65536):
                found += piece
                line.settimeout(0.2)
        except (TimeoutError, ConnectionResetError):
            pass
        return found


HEAD = b"POST /v1/files HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=XX\r\n"


def test_ten_gigabytes_are_refused_before_they_are_sent(hosted: Hosting) -> None:
    for length in (10 << 30, 10**30):
        found = raw(hosted.port, HEAD + b"content-length: %d\r\n\r\n" % length)
        assert b" 413 " in found.split(b"\r\n")[0] or b" 400 " in found.split(b"\r\n")[0], length
        assert lives(hosted)
    found = raw(hosted.port, HEAD + b"content-length: %d\r\n\r\n" % (10 << 30))
    assert b"request_too_large" in found


def test_so_are_those_that_nobody_announced(hosted: Hosting) -> None:
    head = HEAD + b"transfer-encoding: chunked\r\n\r\n"
    start = b'--XX\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
    chunks = b"%x\r\n%s\r\n" % (len(start), start) + b"10000\r\n" + b"x" * 65536 + b"\r\n"
    found = raw(hosted.port, head + chunks + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 20)
    assert b"request_too_large" in found
    assert not list(hosted.host.home.files.glob(".*"))


def test_json_has_a_bound_too(hosted: Hosting) -> None:
    head = b"POST /v1/uploads HTTP/1.1\r\nhost: localhost\r\ncontent-length: 70000000\r\n\r\n"
    assert b"request_too_large" in raw(hosted.port, head)


GARBAGE = [
    b"\x00\xff\xfe\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /v1/files HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET /v1/files HTTP/1.1\r\nhost: localhost\r\n" + b"x: y\r\n" * 20_000 + b"\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"POST /v1/files HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n", b"POST /v1/files HTTP/1.1\r\ncontent-length: x\r\n\r\n",
    b"POST /v1/files HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabc",
    b"POST /v1/files HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"GET /v1/files/\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"GET /v1/files?after=%ff%00&limit=\xf0 HTTP/1.1\r\nhost: \xff\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HEAD + b"content-length: 1000\r\n\r\nhalf",
    b"GET /v1/files HTTP/1.1\r\nhost: localhost\r\nauthorization: \xff\xfe\r\ncookie: " + b"a" * 60_000 + b"\r\n\r\n",
    b"GET /v1/files HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    b"CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n", b"GET http://[bad/v1/files HTTP/1.1\r\nhost: [bad\r\norigin: http://[bad\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("sent", GARBAGE)
def test_bytes_that_are_no_request(sent: bytes, hosted: Hosting) -> None:
    found = raw(hosted.port, sent, wait_s=0.3)
    assert not found or int(found.split(b" ")[1]) < 500
    assert b"HTTP/1.1 400" not in found or json.loads(found.partition(b"\r\n\r\n")[2])["error"]["message"]
    assert lives(hosted)


def test_two_hundred_uploads_beside_each_other(hosted: Hosting) -> None:
    """With clients between them that hang up."""
    body, kind = form(("purpose", None, b"user_data"), ("file", "a", b"x" * 20_000))
    before = len(files.every(hosted.host.db))

    def send(number: int) -> int:
        if number % 4:
            return call(hosted.port, "POST", "/v1/files", body, content_type=kind).status
        with socket.create_connection(("127.0.0.1", hosted.port)) as line:
            line.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body[: 200 + number * 50])
        return 0

    with ThreadPoolExecutor(64) as at_once:
        found = list(at_once.map(send, range(267)))
    assert found.count(200) == 200
    assert found.count(0) == 67
    assert len(files.every(hosted.host.db)) == before + 200
    until = time.monotonic() + 5
    while list(hosted.host.home.files.glob(".*")) and time.monotonic() < until:
        time.sleep(0.05)
    assert not list(hosted.host.home.files.glob(".*"))
    assert threading.active_count() < 200


def test_the_gate(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = HostSettings(keys=("a-long-random-key",), requests_per_minute=3)
    with hosting(tmp_path_factory.mktemp("gate"), settings) as hosted:
        assert call(hosted.port, "GET", "/v1/files").error["code"] == "invalid_api_key"
        assert call(hosted.port, "GET", "/v1/nothing", authorization="Bearer wrong").status == 401
        assert call(hosted.port, "GET", "/health").status == 200
        replies = [call(hosted.port, "GET", "/v1/files", authorization="Bearer a-long-random-key") for _ in range(4)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429]
        assert replies[0].headers["x-ratelimit-remaining-requests"] == "2"
        assert replies[3].error["code"] == "rate_limit_exceeded"
        assert 0 < int(replies[3].headers["retry-after"]) <= 60


def test_pages_of_elsewhere_are_kept_out(hosted: Hosting) -> None:
    assert call(hosted.port, "GET", "/v1/files", Origin="https://evil.example").status == 403
    assert call(hosted.port, "GET", "/v1/files", Host="evil.example").status == 403
