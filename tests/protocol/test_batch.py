"""Batches, as the SDK's own types read them."""

from __future__ import annotations

from openai.types import Batch

from distill.protocol import batch


def test_a_batch_is_the_sdks_and_what_has_not_come_is_null() -> None:
    made = batch.BatchObject(
        identity="batch_1", endpoint="/v1/completions", model="m", input_file_id="file-1", window="24h", status="failed",
        created_at=1.5, times={"failed_at": 2.5, "expires_at": 9.0}, counts=(3, 1, 2), tokens=(5, 6),
        errors=[batch.fault(code="c", message="m", line=2)], metadata={"a": "b"},
    ).as_json()  # fmt: skip
    read = Batch.model_validate(made, strict=True)
    assert (read.created_at, read.failed_at, read.completed_at) == (1, 2, None)
    assert read.request_counts is not None
    assert (read.request_counts.total, read.request_counts.completed, read.request_counts.failed) == (3, 1, 2)
    assert read.usage is not None
    assert read.usage.total_tokens == 11
    assert read.errors is not None
    assert read.errors.data is not None
    assert read.errors.data[0].line == 2
    assert read.output_file_id is None


def test_lines_say_a_response_or_an_error() -> None:
    told = batch.answered_line(identity="1", custom_id="a", status=200, request_id="r", body={"b": 1})
    assert (told["response"]["status_code"], told["response"]["body"], told["error"]) == (200, {"b": 1}, None)
    lost = batch.unanswered_line(identity="1", custom_id="a", code="batch_expired", message="m")
    assert (lost["response"], lost["error"]["code"]) == (None, "batch_expired")
