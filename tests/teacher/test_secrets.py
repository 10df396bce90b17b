"""No secret of an endpoint comes back from it into a store or a message, and none goes to another host."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from echoes import completion, echoing

from distill.errors import AccessRefused, DistillError
from distill.records import Request
from distill.student.hosts.host import HostAddress, TuningJob
from distill.student.hosts.tune import tune
from distill.teacher.batch.host.client import reached
from distill.teacher.endpoint import sdk
from distill.teacher.endpoint.address import Address, opened
from distill.teacher.endpoint.client import Endpoint
from distill.teacher.store.store import opened as store_at

KEY = "sk-CANARY-7f3a9b2c4d5e6f70"
HEADER = "hdr-CANARY-99aa88bb77cc66dd55"
SECRETS = (KEY, HEADER, KEY[10:22], HEADER[11:23], base64.b64encode(KEY.encode()).decode()[:-4])
ASKED = Request("x", {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8})


def address(url: str) -> Address:
    return Address("m", url, key=KEY, headers={"api-key": HEADER}, secrets=(HEADER,), timeout_s=5)


def _text(headers: dict[str, str], _: Any) -> tuple[int, bytes]:
    return 200, completion(f"You sent {json.dumps(headers)} and {base64.b64encode(KEY.encode()).decode()}")


def _everywhere(headers: dict[str, str], _: Any) -> tuple[int, bytes]:
    said = f"{headers['authorization']} {headers['api-key']}"
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": json.dumps({"q": said})}}
    message = {"role": "assistant", "content": None, "reasoning_content": said, "refusal": said, "tool_calls": [call]}
    tokens = [{"token": KEY[:12], "logprob": 0.0}, {"token": KEY[12:], "logprob": 0.0}]
    choice = {"index": 0, "message": message, "finish_reason": said, "logprobs": {"content": tokens}}
    return 200, completion("", model=said, choices=[choice])


def _escaped(_headers: dict[str, str], _: Any) -> tuple[int, bytes]:
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    return 200, completion("SAID").replace(b"SAID", hidden.encode())


def _refuses(status: int, pad: int) -> Any:
    def reply(headers: dict[str, str], _: Any) -> tuple[int, bytes]:
        said = "x" * pad + f" {headers['authorization']} and {headers['api-key']}"
        return status, said.encode() if pad else json.dumps({"error": {"message": said, "code": said}}).encode()

    return reply


REPLIES = {"text": _text, "everywhere": _everywhere, "escaped": _escaped} | {
    f"{status}, {pad} before": _refuses(status, pad) for status in (400, 401, 500) for pad in (0, 370, 380, 395)
}


def content(folder: Path) -> str:
    """All that its files hold."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file()).decode("utf-8", "replace")


async def looked(at: Address) -> None:
    async with reached(at.url, at.key, at.headers, mask=at.mask) as host:
        await host.look("batch_1")


async def tuned(at: Address, folder: Path) -> None:
    (folder / "train.jsonl").write_text("{}\n")
    host = HostAddress(base_url=at.base_url, key=at.key, headers=at.headers, timeout_s=2)
    await tune(host, TuningJob("m", folder / "train.jsonl", None), state=folder / "s.json")


@pytest.mark.parametrize("name", REPLIES)
async def test_a_server_that_echoes_its_request_puts_no_secret_into_the_store(tmp_path: Path, name: str) -> None:
    """In an answer, its reasoning, model, end, calls and log probabilities, and in errors across the edge where they are cut."""
    async with echoing(REPLIES[name]) as (url, came), opened(address(url)) as teacher:
        answer = await teacher.answer(ASKED)
    assert came[0]["api-key"] == HEADER
    with store_at(tmp_path / "a.db") as store:
        attempt = await store.intend(ASKED, run="t/001", spender="teacher", reserved_usd=0.0)
        await store.settle(attempt, ASKED, answer)
    kept = content(tmp_path)
    for said in (repr(answer), kept):
        assert "[k" in said or "395" in name
        for secret in SECRETS:
            assert secret not in said, said


@pytest.mark.parametrize("way", ["batch", "hosted", "models", "live"])
async def test_no_client_carries_a_key_along_a_redirect(tmp_path: Path, way: str) -> None:
    """Every client of ours meets a 302 to another host: that one is never asked."""
    async with echoing(lambda *_: (200, b"{}")) as (other, stolen):
        moved = f"location: {other}/models/m\r\n"
        async with echoing(lambda *_: (302, b"{}"), headers=moved) as (url, came):
            at = address(url)
            if way == "models":
                assert await sdk.shutdown_date(at) is None
            elif way == "live":
                endpoint = Endpoint("m", url, key=KEY, headers=at.headers)
                assert not (await endpoint.answer(ASKED)).ok
                await endpoint.close()
            else:
                with pytest.raises(DistillError):
                    await (looked(at) if way == "batch" else tuned(at, tmp_path))
        assert came
        assert not stolen


async def test_a_hosts_word_for_a_state_is_shown_without_a_secret() -> None:
    """A state that no table knows is named to the user, and so is why a file is not read."""
    said = {"id": "x", "status": f"waiting for {KEY}", "status_details": f"see {KEY}", "input_file_id": "f"}
    async with echoing(lambda *_: (200, json.dumps(said).encode())) as (url, _):
        at = address(url)
        async with reached(at.url, at.key, at.headers, mask=at.mask) as host:
            shown = repr((await host.look("x"), await host.file("f")))
    assert "waiting for [key]" in shown
    assert KEY not in shown


async def test_a_host_of_batches_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    """No later round would end otherwise, so it is no fault to wait out."""
    async with echoing(lambda *_: (308, b"{}"), headers="location: http://localhost:9/v1\r\n") as (url, _):
        with pytest.raises(AccessRefused, match=r"points elsewhere \(308\).*base_url"):
            await looked(address(url))


@pytest.mark.parametrize("way", ["batch", "hosted"])
async def test_the_sdk_s_errors_are_said_without_a_secret(tmp_path: Path, way: str) -> None:
    async with echoing(_refuses(400, 0)) as (url, _):
        at = address(url)
        with pytest.raises(DistillError) as said:
            await (looked(at) if way == "batch" else tuned(at, tmp_path))
    assert "[key]" in str(said.value)
    assert not any(secret in str(said.value) for secret in SECRETS)


@pytest.mark.parametrize("key", [f"{KEY}\n", "sk-\u20ac-CANARY-1234"])
async def test_a_key_that_the_sdk_cannot_send_is_no_fault_of_ours(key: str) -> None:
    async with echoing(lambda *_: (200, b"{}")) as (url, came):
        with pytest.raises(DistillError, match="nothing was sent") as said:
            async with reached(url, key, {}) as host:
                await host.look("batch_1")
    assert "CANARY" not in str(said.value)
    assert not came
