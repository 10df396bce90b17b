"""/v1/uploads through the official client."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from hosting import Hosting, call, hosting
from openai import OpenAI

from distill.host.settings import HostSettings


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    with hosting(tmp_path_factory.mktemp("uploads"), HostSettings(upload_bytes=1 << 20)) as made:
        yield made


@pytest.fixture(scope="module")
def client(hosted: Hosting) -> Iterator[OpenAI]:
    with OpenAI(api_key="any", base_url=hosted.url, max_retries=0) as made:
        yield made


def test_the_client_uploads_in_parts(client: OpenAI) -> None:
    data = b"0123456789" * 50_000
    done = client.uploads.upload_file_chunked(
        file=data, filename="a.jsonl", bytes=len(data), mime_type="text/jsonl", purpose="batch", part_size=123_456
    )
    assert done.status == "completed"
    assert done.file
    assert client.files.content(done.file.id).read() == data
    with pytest.raises(openai.BadRequestError, match="completed"):
        client.uploads.cancel(done.id)


def test_refusals(client: OpenAI, hosted: Hosting) -> None:
    asked = {"filename": "a.jsonl", "bytes": 4, "mime_type": "text/jsonl", "purpose": "batch"}
    for name, value in (
        ("filename", 3),
        ("bytes", 0),
        ("bytes", 2 << 20),
        ("bytes", True),
        ("mime_type", None),
        ("purpose", "x"),
    ):
        reply = call(hosted.port, "POST", "/v1/uploads", asked | {name: value})
        assert (reply.status, reply.error["param"]) == (400, name)
    upload = client.uploads.create(**asked)  # type: ignore[arg-type]  # what the SDK would not send
    with pytest.raises(openai.BadRequestError, match="more than the 4 bytes"):
        client.uploads.parts.create(upload.id, data=b"12345")
    part = client.uploads.parts.create(upload.id, data=b"123")
    for ids in ([part.id], ["part_x"], "x", None):
        reply = call(hosted.port, "POST", f"/v1/uploads/{upload.id}/complete", {"part_ids": ids})
        assert (reply.status, reply.error["param"]) == (400, "part_ids")
    assert client.uploads.cancel(upload.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.uploads.parts.create(upload.id, data=b"1")
    with pytest.raises(openai.NotFoundError, match="upload_x"):
        client.uploads.cancel("upload_x")
