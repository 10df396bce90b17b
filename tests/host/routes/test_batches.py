"""Batches as the SDK sees them, by a worker that is stopped and started again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openai
import pytest
from answering_host import Answering, answering
from hosting import call

from distill.host.state import batches

pytest.importorskip("torch", reason="the training extra is not installed")


def line(number: int, **change: Any) -> dict[str, Any]:
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": f"row {number}"}],
        "max_tokens": 4,
        "seed": number,
    }
    return {"custom_id": f"row-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body} | change


def created(host: Answering, lines: Sequence[Any], **settings: Any) -> Any:
    data = b"".join(json.dumps(one).encode() + b"\n" for one in lines)
    file = host.client.files.create(file=("rows.jsonl", data), purpose="batch")
    asked = {"endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {"who": "me"}} | settings
    return host.client.batches.create(input_file_id=file.id, **asked)


def ended(host: Answering, batch: Any) -> Any:
    until = time.monotonic() + 60
    while batch.status not in ("completed", "failed", "cancelled", "expired"):
        assert time.monotonic() < until, batch
        time.sleep(0.1)
        batch = host.client.batches.retrieve(batch.id)
    return batch


def rows(host: Answering, file_id: str | None) -> list[Any]:
    assert file_id is not None
    return [json.loads(one) for one in host.client.files.content(file_id).text.splitlines()]


def test_good_rows_are_answered_and_bad_ones_are_told(tiny_base: Path, tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": str(tiny_base)}) as host:
        bad = line(3, body={"model": "tiny", "messages": [], "max_tokens": 4})
        batch = ended(host, created(host, [line(1), line(2), bad]))
        assert batch.status == "completed"
        assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (3, 2, 1)
        assert batch.metadata == {"who": "me"}
        answers = rows(host, batch.output_file_id)
        assert [one["custom_id"] for one in answers] == ["row-1", "row-2"]
        assert all(one["response"]["status_code"] == 200 and one["error"] is None for one in answers)
        live = host.client.chat.completions.create(**line(1)["body"])
        assert answers[0]["response"]["body"]["choices"][0]["message"]["content"] == live.choices[0].message.content
        (fault,) = rows(host, batch.error_file_id)
        assert (fault["custom_id"], fault["response"]["status_code"]) == ("row-3", 400)
        assert fault["response"]["body"]["error"]["param"] == "messages"
        assert [one.id for one in host.client.batches.list()] == [batch.id]


def test_a_file_with_faults_fails_with_their_lines(tiny_base: Path, tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": str(tiny_base)}) as host:
        faulty = [
            line(1), line(1), {"custom_id": "x"}, line(4, url="/v1/embeddings"),
            line(5, body={**line(5)["body"], "model": "other"}), [1],
        ]  # fmt: skip
        batch = ended(host, created(host, faulty))
        assert batch.status == "failed"
        assert [(one.line, one.code) for one in batch.errors.data] == [
            (2, "duplicate_custom_id"), (3, "missing_required_parameter"), (4, "url_mismatch"), (5, "model_mismatch"),
            (6, "missing_required_parameter"),
        ]  # fmt: skip
        unknown = ended(host, created(host, [line(1, body={**line(1)["body"], "model": "gone"})]))
        assert unknown.errors.data[0].code == "model_not_found"


def test_a_restart_goes_on_and_answers_no_row_twice(tiny_base: Path, tmp_path: Path) -> None:
    many = [line(number, body={**line(number)["body"], "max_tokens": 4 if number < 10 else 60}) for number in range(60)]
    with answering(tmp_path, {"tiny": str(tiny_base)}) as host:
        batch = created(host, many)
        until = time.monotonic() + 60
        while host.client.batches.retrieve(batch.id).request_counts.completed < 3:
            assert time.monotonic() < until
            time.sleep(0.02)
    with answering(tmp_path, {"tiny": str(tiny_base)}) as host:
        kept = batches.answered(host.host.db, batch.id)
        first = [row["line"] for row in host.host.db.rows("SELECT line FROM batch_rows ORDER BY number")]
        assert 3 <= len(kept) < 60
        batch = ended(host, batch)
        assert batch.request_counts.completed == 60
        answers = rows(host, batch.output_file_id)
        assert [one["custom_id"] for one in answers] == [one["custom_id"] for one in many]
        assert all(json.loads(one) in answers for one in first)  # the same answers, by their ids
        assert host.host.db.rows("SELECT * FROM batch_rows") == []


def test_a_cancelled_batch_keeps_what_was_answered(tiny_base: Path, tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": str(tiny_base)}) as host:
        long = [
            line(number, body={**line(number)["body"], "max_tokens": 300, "logit_bias": {"1": -100}})
            for number in range(200)
        ]
        batch = created(host, long)
        assert host.client.batches.cancel(batch.id).status == "cancelling"
        batch = ended(host, batch)
        assert batch.status == "cancelled"
        assert batch.cancelled_at is not None
        with pytest.raises(openai.NotFoundError):
            host.client.batches.cancel("batch_gone")
        done = ended(host, created(host, [line(1)]))
        with pytest.raises(openai.ConflictError):
            host.client.batches.cancel(done.id)


def test_a_batch_whose_window_closed_expires_with_what_it_has(tiny_base: Path, tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": str(tiny_base)}) as host:
        host.host.db.write(
            "CREATE TRIGGER over AFTER INSERT ON batches BEGIN UPDATE batches SET times = '{\"expires_at\": 1}'; END"
        )
        batch = ended(host, created(host, [line(1), line(2)]))
        assert batch.status == "expired"
        faults = rows(host, batch.error_file_id)
        assert [one["error"]["code"] for one in faults] == ["batch_expired"] * 2


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"endpoint": "/v1/images/generations"}, "endpoint"),
        ({"endpoint": None}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"input_file_id": 3}, "input_file_id"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "output_expires_after"),
        ({"priority": 1}, "priority"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(tmp_path: Path, change: dict[str, Any], param: str) -> None:
    with answering(tmp_path, {"tiny": "nowhere"}) as host:
        file = host.client.files.create(file=("a.jsonl", b"{}"), purpose="batch")
        asked = {"input_file_id": file.id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        reply = call(host.port, "POST", "/v1/batches", asked | change)
        assert reply.status == 400
        assert reply.error["param"] == param


def test_a_file_of_another_purpose_is_refused(tmp_path: Path) -> None:
    with answering(tmp_path, {"tiny": "nowhere"}) as host:
        file = host.client.files.create(file=("a.jsonl", b"{}"), purpose="fine-tune")
        with pytest.raises(openai.BadRequestError) as raised:
            host.client.batches.create(input_file_id=file.id, endpoint="/v1/completions", completion_window="24h")
        assert raised.value.code == "invalid_purpose"
        with pytest.raises(openai.NotFoundError):
            host.client.batches.create(input_file_id="file-gone", endpoint="/v1/completions", completion_window="24h")
