"""The embedded model and tunes of it by llama.cpp: one process, one base, adapters switched for each question."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answering_host import Answering, adapter, answering
from hosting import call

from distill.host.home import Home
from distill.host.serving.engine import ModelQuestion
from distill.host.serving.engines import llama_server
from distill.host.serving.engines.llama_cpp import LlamaCpp
from distill.host.serving.engines.llama_server import EngineStopped
from distill.host.state import models
from distill.teacher.engines import embedded

pytest.importorskip("xllamacpp", reason="the embedded extra is not installed")
pytest.importorskip("torch", reason="the training extra is not installed")
pytestmark = pytest.mark.slow

TURNS: Any = [
    {"role": "system", "content": "Answer in a word."},
    {"role": "user", "content": "What is the capital of France?"},
]
ASKED: Any = {"model": "small", "messages": TURNS, "max_tokens": 10, "temperature": 0}


@pytest.fixture(scope="module")
def host(read_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    folder = tmp_path_factory.mktemp("host")
    shutil.copytree(read_gguf, Home(folder).bases)
    with answering(folder, {"small": embedded.MODEL}) as found:
        yield found


@pytest.fixture(scope="module")
def tunes(host: Answering, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two tunes with random weights, on what the base's file says that it is."""
    base, names = engine(host).weights.folder(weights=False), []
    for seed in (1, 2):
        name = f"ft:small:me::{seed}"
        made = adapter(base, tmp_path_factory.mktemp("tune"), seed=seed, strength=0.3)
        models.add(host.host.db, name, base="small", job_id="ftjob-1", folder=made)
        names.append(name)
    return names


def engine(host: Answering) -> LlamaCpp:
    found = host.host.engine._of(host_model())  # type: ignore[attr-defined]  # the engine of one base, behind the choice
    assert isinstance(found, LlamaCpp)
    return found


def host_model() -> Any:
    from distill.host.serving.engine import ServedModel

    return ServedModel("small", "small")


def said(host: Answering, **change: Any) -> str:
    answer = host.client.chat.completions.create(**{**ASKED, **change})
    return answer.choices[0].message.content or ""


def test_it_answers_as_the_embedded_teacher_does(host: Answering) -> None:
    assert "Paris" in said(host)
    stream = list(host.client.chat.completions.create(**ASKED, stream=True, logprobs=True, top_logprobs=2))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == said(host)
    told = [one for chunk in stream if chunk.choices[0].logprobs for one in chunk.choices[0].logprobs.content or []]
    assert told
    assert all(one.logprob <= 0 and len(one.top_logprobs) == 2 for one in told)


def test_tunes_are_switched_for_each_question_on_one_base(host: Answering, tunes: list[str]) -> None:
    base = said(host)
    first, second = said(host, model=tunes[0]), said(host, model=tunes[1])
    server = engine(host).server
    assert len({base, first, second}) == 3
    assert server is not None
    assert len(server.adapters) == 2
    assert [said(host, model=name) for name in (tunes[1], "small", tunes[0])] == [second, base, first]
    assert engine(host).server is server  # nothing was started again


def test_a_new_tune_waits_for_what_is_in_flight(host: Answering, tunes: list[str]) -> None:
    """Questions of the base go on beside the start of a server with one adapter more; none is lost."""
    engine(host).adapters.clear()

    async def all_at_once() -> list[str]:
        names = ["small", tunes[0], "small", tunes[1], "small", tunes[0]]
        return list(await asyncio.gather(*(asyncio.to_thread(said, host, model=name) for name in names)))

    expected = {name: said(host, model=name) for name in ("small", *tunes)}
    found = asyncio.run(all_at_once())
    assert found == [expected[name] for name in ("small", tunes[0], "small", tunes[1], "small", tunes[0])]


def test_an_answer_fits_the_schema(host: Answering) -> None:
    schema = {
        "type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}, "sure": {"type": "boolean"}},
        "required": ["city", "sure"], "additionalProperties": False,
    }  # fmt: skip
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    found = json.loads(said(host, response_format=form, max_tokens=60))
    assert found["city"] in ("Paris", "Rome")
    assert isinstance(found["sure"], bool)
    assert said(host, response_format={"type": "json_object"}).lstrip().startswith("{")


def test_a_call_that_is_required_is_one(host: Answering) -> None:
    from distill.host.serving.engines import prompt

    city = {"type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}, "required": ["city"]}
    tool: Any = {"type": "function", "function": {"name": "look_up", "parameters": city}}
    found = prompt.forced(
        ModelQuestion(messages=TURNS, tools=[tool], tool_choice="required", max_tokens=60, temperature=0)
    )
    call_of_it = json.loads(said(host, max_tokens=60, response_format=as_format(found.schema)))
    assert (call_of_it["name"], set(call_of_it["arguments"])) == ("look_up", {"city"})


def as_format(schema: Any) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


def test_a_schema_that_is_none_is_refused(host: Answering) -> None:
    reply = call(host.port, "POST", "/v1/chat/completions", {**ASKED, "response_format": as_format({"type": "wizard"})})
    assert reply.status == 400
    assert reply.error["param"] == "response_format"


def test_a_process_that_is_killed_is_started_again(host: Answering) -> None:
    before, server = said(host), engine(host).server
    assert server is not None
    for _ in range(3):  # at once: the news of its end may come later than the next question
        os.kill(server.process.pid, signal.SIGKILL)
        assert said(host) == before
        again = engine(host).server
        assert again is not None
        assert again.process.pid != server.process.pid
        server = again


def test_who_does_not_know_the_key_gets_nothing(host: Answering) -> None:
    said(host)
    server = engine(host).server
    assert server is not None
    port = int(server.url.rsplit(":", 1)[1])
    assert call(port, "POST", "/completion", {"prompt": "a", "n_predict": 1}).status == 401


def test_texts_have_vectors(host: Answering, tunes: list[str]) -> None:
    found = host.client.embeddings.create(model="small", input=["a cat", "a kitten", "the price of oil in March"])
    cat, kitten, oil = ([*row.embedding] for row in found.data)
    near, far = (sum(a * b for a, b in zip(cat, other, strict=True)) for other in (kitten, oil))
    assert near > far
    assert call(host.port, "POST", "/v1/embeddings", {"model": tunes[0], "input": "a"}).status == 400


def test_it_outlives_no_host(host: Answering) -> None:
    """Not even one that is killed."""
    said(host)
    code = (
        "import asyncio, os, pathlib, sys\n"
        "from distill.host.serving.engines import llama_server\n"
        "async def start():\n"
        "    server = await llama_server.start(pathlib.Path(sys.argv[1]), context=64, slots=1)\n"
        "    print(server.process.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(start())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(embedded.gguf())], capture_output=True, text=True, check=False
    )
    child, until = Path(f"/proc/{int(done.stdout)}"), time.monotonic() + 30
    while child.exists() and "Z" not in child.joinpath("stat").read_text().split(")")[1][:3]:
        assert time.monotonic() < until
        time.sleep(0.1)


async def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(EngineStopped, match=r"bad\.gguf"):
        await llama_server.start(tmp_path / "bad.gguf", context=64, slots=1)
