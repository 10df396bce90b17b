"""The engine in this process: answers that are written together are those that are written alone."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
from answering_host import adapter

from distill.base_model.local import LocalWeights
from distill.host.serving.answers import choice
from distill.host.serving.engine import ModelQuestion, ServedModel
from distill.host.serving.engines.transformers import Transformers
from distill.protocol.error import ApiError

pytest.importorskip("torch", reason="the training extra is not installed")

BASE = ServedModel("tiny", "tiny")


def asked(text: str, most: int, **settings: object) -> ModelQuestion:
    return ModelQuestion(prompt=text, max_tokens=most, seed=5, **settings)  # type: ignore[arg-type]  # settings by their names


def engine(base: Path) -> Transformers:
    return Transformers(LocalWeights(str(base), base, base))


async def test_answers_of_one_batch_are_those_of_each_alone(tiny_base: Path, tmp_path: Path) -> None:
    tune = ServedModel("ft:a", "tiny", adapter(tiny_base, tmp_path / "tune"))
    questions = [
        (BASE, asked("short", 8, temperature=0.0)), (BASE, asked("a longer prompt than that", 14, temperature=0.0)), (tune, asked("short", 8, temperature=0.0)),
        (BASE, asked("with log probabilities", 6, logprobs=1)), (BASE, asked("short", 9, stop=["a", "e"])), (tune, asked("b", 5)),
    ]  # fmt: skip
    found = engine(tiny_base)
    together = await asyncio.gather(*(choice.whole(found, *one) for one in questions))
    alone = [await choice.whole(found, *one) for one in questions]
    await found.close()
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.end.completion_tokens for one in together] == [one.end.completion_tokens for one in alone]
    assert together[0].text != together[2].text


async def test_vectors_of_a_tune_are_its_own(tiny_base: Path, tmp_path: Path) -> None:
    tune = ServedModel("ft:a", "tiny", adapter(tiny_base, tmp_path / "tune"))
    found = engine(tiny_base)
    vectors = [(await found.embed(model, ["hello"])).vectors[0] for model in (BASE, tune, BASE)]
    await found.close()
    assert vectors[0] == vectors[2] != vectors[1]


async def test_who_leaves_is_written_no_more_for(tiny_base: Path) -> None:
    found = engine(tiny_base)
    never = asked("a", 480, logit_bias={1: -100.0})
    async with aclosing(found.write(BASE, never)) as pieces:
        async for _ in pieces:
            break
    whole = await choice.whole(found, BASE, asked("b", 2))
    await found.close()
    assert whole.end.completion_tokens <= 2


async def test_a_line_that_is_too_long_is_refused(tiny_base: Path) -> None:
    found = Transformers(LocalWeights(str(tiny_base), tiny_base, tiny_base), longest=4)
    await choice.whole(found, BASE, asked("a", 1))
    asks = [choice.whole(found, BASE, asked("a", 2)) for _ in range(12)]
    ended = await asyncio.gather(*asks, return_exceptions=True)
    await found.close()
    refused = [one for one in ended if isinstance(one, ApiError)]
    assert refused
    assert {one.code for one in refused} == {"overloaded"}
    assert len(refused) < len(ended)
