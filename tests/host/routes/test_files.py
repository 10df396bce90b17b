"""/v1/files through the official client, and what it would never send."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from hosting import Hosting, call, form, hosting
from openai import OpenAI

NAMES = [
    "a.jsonl",
    "../../etc/passwd",
    "/etc/passwd",
    "ünï code😀.jsonl",
    "a%2fb",
    "C:\\a\\b.txt",
    "x" * 999,
    "",
    ".",
    "a\nb",
]


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    with hosting(tmp_path_factory.mktemp("files")) as made:
        yield made


@pytest.fixture(scope="module")
def client(hosted: Hosting) -> Iterator[OpenAI]:
    with OpenAI(api_key="any", base_url=hosted.url, max_retries=0) as made:
        yield made


def test_from_upload_to_delete(client: OpenAI) -> None:
    data = b'{"messages": []}\n' * 100_000
    file = client.files.create(file=("train.jsonl", data), purpose="fine-tune")
    assert (file.bytes, file.filename, file.purpose, file.status) == (
        len(data),
        "train.jsonl",
        "fine-tune",
        "processed",
    )
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == data
    assert file in client.files.list().data
    assert client.files.wait_for_processing(file.id) == file
    assert client.files.delete(file.id).deleted
    for ask in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError, match=file.id):
            ask(file.id)


def test_pages_order_purpose(client: OpenAI) -> None:
    made = [client.files.create(file=(f"{n}.jsonl", b"x\n"), purpose=("batch", "user_data")[n % 2]) for n in range(5)]
    ids = [file.id for file in made]
    assert [file.id for file in client.files.list(limit=2, order="asc", after=ids[0])] == ids[1:]
    assert [file.id for file in client.files.list(limit=1, purpose="user_data")][:2] == [ids[3], ids[1]]
    first = client.files.list(limit=2)
    assert (first.has_more, [file.id for file in first.data]) == (True, [ids[4], ids[3]])
    with pytest.raises(openai.BadRequestError, match="limit"):
        client.files.list(limit=0)
    with pytest.raises(openai.BadRequestError, match="order"):
        client.files.list(order="up")  # type: ignore[arg-type]  # what the SDK would not send


def test_expiry(client: OpenAI) -> None:
    batch = client.files.create(file=("a.jsonl", b"x\n"), purpose="batch")
    assert batch.expires_at == batch.created_at + 30 * 86400
    given = {"anchor": "created_at", "seconds": 7200}
    file = client.files.create(file=("a", b"x"), purpose="vision", expires_after=given)  # type: ignore[arg-type]  # what the SDK would not send
    assert file.expires_at == file.created_at + 7200
    assert client.files.create(file=("a", b"x"), purpose="vision").expires_at is None
    with pytest.raises(openai.BadRequestError, match="3600"):
        client.files.create(file=("a", b"x"), purpose="vision", expires_after={"anchor": "created_at", "seconds": 1})


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_never_a_path(name: str, client: OpenAI, hosted: Hosting) -> None:
    body, kind = form(("purpose", None, b"user_data"), ("file", name.replace("\n", "%0A"), b"data"))
    reply = call(hosted.port, "POST", "/v1/files", body, content_type=kind)
    assert reply.status == 200
    assert all(one.name.startswith("file-") for one in hosted.host.home.files.iterdir())
    newest = client.files.list(limit=1).data[0]
    assert client.files.content(newest.id).read() == b"data"


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ([("file", "a.jsonl", b"x")], "purpose"),
        ([("file", "a.jsonl", b"x"), ("purpose", None, b"fine-tune-results")], "purpose"),
        ([("file", "a.txt", b"x"), ("purpose", None, b"batch")], "file"),
        ([("file", "a.jsonl", b""), ("purpose", None, b"fine-tune")], "file"),
        ([("file", "x" * 1001, b"x"), ("purpose", None, b"vision")], "file"),
        ([("purpose", None, b"vision")], "file"),
        (
            [("file", "a", b"x"), ("purpose", None, b"vision"), ("expires_after[seconds]", None, b"soon")],
            "expires_after",
        ),
    ],
)
def test_refusals(parts: list[tuple[str, str | None, bytes]], param: str, hosted: Hosting) -> None:
    before = sorted(hosted.host.home.files.glob("*"))
    body, kind = form(*parts)
    reply = call(hosted.port, "POST", "/v1/files", body, content_type=kind)
    assert reply.status == 400
    assert reply.error["param"] == param
    assert sorted(hosted.host.home.files.glob("*")) == before


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files/..",
        "/v1/files/%2e%2e%2fhost.db/content",
        "/v1/files/file-%00",
        "/v1/files/é",
        "/v1/files/.lock/content",
    ],
)
def test_ids_that_are_paths(path: str, hosted: Hosting) -> None:
    reply = call(hosted.port, "GET", path.replace("é", "%C3%A9"))
    assert reply.status == 404
    assert reply.error["type"] == "invalid_request_error"
