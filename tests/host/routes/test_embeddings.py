"""Embeddings as the SDK sees them."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from answering_host import Answering, answering
from hosting import call

pytest.importorskip("torch", reason="the training extra is not installed")


@pytest.fixture(scope="module")
def host(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    with answering(tmp_path_factory.mktemp("host"), {"tiny": str(tiny_base)}) as found:
        yield found


def test_equal_texts_have_equal_vectors_of_length_one(host: Answering) -> None:
    found = host.client.embeddings.create(model="tiny", input=["one", "two", "one"])  # the SDK asks for base64
    vectors = [row.embedding for row in found.data]
    assert vectors[0] == vectors[2] != vectors[1]
    assert math.isclose(math.hypot(*vectors[0]), 1, abs_tol=1e-5)
    assert [row.index for row in found.data] == [0, 1, 2]
    assert found.usage.prompt_tokens == found.usage.total_tokens == 9


def test_base64_holds_the_numbers(host: Answering) -> None:
    plain = host.client.embeddings.create(model="tiny", input="a", encoding_format="float").data[0].embedding
    packed: Any = host.client.embeddings.create(model="tiny", input="a", encoding_format="base64").data[0].embedding
    read = struct.unpack(f"<{len(plain)}f", base64.b64decode(packed))
    assert read == pytest.approx(plain)


def test_fewer_dimensions_are_the_first_ones_at_length_one(host: Answering) -> None:
    whole = host.client.embeddings.create(model="tiny", input="a", encoding_format="float").data[0].embedding
    cut = (
        host.client.embeddings.create(model="tiny", input="a", encoding_format="float", dimensions=4).data[0].embedding
    )
    length = math.hypot(*whole[:4])
    assert cut == pytest.approx([value / length for value in whole[:4]])


@pytest.mark.parametrize(
    "change",
    [
        {"input": ""},
        {"input": []},
        {"input": ["a", ""]},
        {"encoding_format": "int8"},
        {"dimensions": 0},
        {"dimensions": 4096},
    ],
)
def test_what_is_wrong_is_refused(host: Answering, change: dict[str, Any]) -> None:
    reply = call(host.port, "POST", "/v1/embeddings", {"model": "tiny", "input": "a", **change})
    assert reply.status == 400
    assert reply.error["param"] in change


def test_a_text_longer_than_the_model_reads_is_refused(host: Answering) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        host.client.embeddings.create(model="tiny", input="a" * 600)
    assert raised.value.code == "context_length_exceeded"
