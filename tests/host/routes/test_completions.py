"""Completions as the SDK and plain HTTP see them, with a tiny model of random weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answering_host import Answering, answering
from hosting import call

pytest.importorskip("torch", reason="the training extra is not installed")

ASKED: Any = {"model": "tiny", "prompt": "Once upon", "max_tokens": 8, "seed": 3}


@pytest.fixture(scope="module")
def host(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    with answering(tmp_path_factory.mktemp("host"), {"tiny": str(tiny_base)}) as found:
        yield found


def test_a_text_is_written_on(host: Answering) -> None:
    answer = host.client.completions.create(**ASKED)
    assert answer.object == "text_completion"
    assert answer.choices[0].finish_reason in ("length", "stop")
    assert answer.usage is not None
    assert answer.usage.completion_tokens <= 8
    echoed = host.client.completions.create(**ASKED, echo=True)
    assert echoed.choices[0].text == "Once upon" + answer.choices[0].text


def test_token_ids_are_the_text_that_they_stand_for(host: Answering) -> None:
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(host.host.settings.bases["tiny"])("Once upon")["input_ids"]
    by_text = host.client.completions.create(**ASKED, echo=True)
    by_ids = host.client.completions.create(**{**ASKED, "prompt": ids}, echo=True)
    assert by_ids.choices[0].text == by_text.choices[0].text


def test_each_prompt_has_its_choices_in_order(host: Answering) -> None:
    asked = {**ASKED, "prompt": ["aa", "bb"], "n": 2, "echo": True}
    answer = host.client.completions.create(**asked)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert [choice.text[:2] for choice in answer.choices] == ["aa", "aa", "bb", "bb"]
    said = [""] * 4
    for chunk in host.client.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            said[choice.index] += choice.text
    assert said == [choice.text for choice in answer.choices]


def test_log_probabilities_have_their_places_in_the_text(host: Answering) -> None:
    choice = host.client.completions.create(**ASKED, logprobs=2).choices[0]
    assert choice.logprobs is not None
    assert choice.logprobs.text_offset is not None
    assert choice.logprobs.text_offset[0] == 0
    assert len(choice.logprobs.tokens or []) == len(choice.logprobs.token_logprobs or []) > 0
    assert all(log <= 0 for log in choice.logprobs.token_logprobs or [])


def test_no_tokens_are_as_many_as_asked_for(host: Answering) -> None:
    answer = host.client.completions.create(**{**ASKED, "max_tokens": 0})
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("", "length")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [[]]}, "prompt"),
        ({"prompt": [1, "a"]}, "prompt"),
        ({"prompt": [999_999]}, "prompt"),
        ({"prompt": {"a": 1}}, "prompt"),
        ({"prompt": "a" * 600}, "prompt"),
        ({"suffix": "end"}, "suffix"),
        ({"best_of": 3}, "best_of"),
        ({"logprobs": 6}, "logprobs"),
        ({"logprobs": 1, "echo": True}, "echo"),
        ({"messages": []}, "messages"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(host: Answering, change: Any, param: str) -> None:
    reply = call(host.port, "POST", "/v1/completions", {**ASKED, **change})
    assert reply.status == 400
    assert reply.error["param"] == param
