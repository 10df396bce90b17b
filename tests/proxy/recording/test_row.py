"""A row has what was asked and answered, masked, in the shape that logs and seeds are read in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from proxied import request
from upstreams import chunks, whole

from distill.chat.templates import parse
from distill.lifecycle.logs.log_reader import read_logs
from distill.lifecycle.logs.prompt_pattern import pattern_of
from distill.lifecycle.logs.tally import LogTally
from distill.lifecycle.logs.task_shape import TaskShape
from distill.proxy.recording.answered_call import AnsweredCall, NotRecorded
from distill.proxy.recording.row import line_of
from distill.seeds.chat_logs.chats import row_of

NOW = 1_793_534_400.25
PROMPT = parse("Say the mood as JSON.\n[user]\n{{message}}\n", "teacher.md")
SHAPE = TaskShape(variables=("message",), prompts=(pattern_of(PROMPT),))


def line(text: str, answer: bytes | None = None, *, streamed: bool = False, **more: Any) -> bytes:
    answer = json.dumps(whole('{"mood": "glad"}')).encode() if answer is None else answer
    return line_of(AnsweredCall(NOW, 0.25, request(text, **more), answer, streamed=streamed))


def test_logs_and_seeds_read_it(tmp_path: Path) -> None:
    """Whole and streamed alike; fields are told by a prompt of the task."""
    streamed = line("the lamp is bright", b"".join(chunks('{"mood": "glad"}')), streamed=True)
    (tmp_path / "calls.jsonl").write_bytes(line("the lamp is bright") + streamed)
    tally = LogTally()
    (found,) = read_logs([tmp_path], SHAPE, tally=tally)
    assert found["answer"].to_list() == ['{"mood": "glad"}'] * 2
    assert found["latency_s"].to_list() == [0.25, 0.25]
    assert found["time"][0].timestamp() == NOW
    assert tally.whole
    seed = row_of(json.loads(streamed))
    assert (seed["messages"], seed["reply"]) == (
        [{"role": "user", "content": "the lamp is bright"}],
        '{"mood": "glad"}',
    )


def test_what_names_a_person_or_is_a_credential_is_masked_everywhere() -> None:
    """In a turn, in JSON that a text holds, in the answer; also an address of IPv6."""
    told = "write to ann.lee@shop-mail.com or +49 30 1234567, key sk-proj-abcdef1234567890abcdef12, from 2a02:8109:9440:1200::1"
    answer = json.dumps(whole(json.dumps({"mail": "ann.lee@shop-mail.com"}))).encode()
    found = line(told, answer, metadata={"customer": "ann.lee@shop-mail.com"})
    for part in (b"ann.lee", b"1234567", b"abcdef", b"2a02"):
        assert part not in found
    row = json.loads(found)
    assert (
        row["request"]["messages"][1]["content"]
        == "write to [email] or [phone], key [OpenAI or Anthropic key], from [ip]"
    )
    assert json.loads(row["response"]["choices"][0]["message"]["content"]) == {"mail": "[email]"}
    assert row["request"]["metadata"] == {"customer": "[email]"}


def test_who_called_and_what_is_no_text_is_left_out() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 500}}
    sound = {"type": "input_audio", "input_audio": {"data": "B" * 500, "format": "wav"}}
    turns = [{"role": "user", "content": [{"type": "text", "text": "look"}, picture, sound]}]
    row = json.loads(line("", messages=turns, user="u-17", safety_identifier="s", prompt_cache_key="k"))
    assert not {"user", "safety_identifier", "prompt_cache_key"} & set(row["request"])
    parts = row["request"]["messages"][0]["content"]
    assert parts[0]["text"] == "look"
    assert parts[1]["image_url"]["url"] == parts[2]["input_audio"]["data"] == "[left out]"


@pytest.mark.parametrize(
    ("body", "answer", "reason"),
    [
        (b"{", b"{}", "no_json"),
        (b"[]", b"{}", "no_json"),
        (b'{"messages": "x"}', b"{}", "no_json"),
        (request("x"), b"<html>", "failed_call"),
        (request("x"), b'{"error": {}}', "failed_call"),
        (request("x"), b'{"choices": []}', "failed_call"),
        (request("x", metadata={"private": "yes"}), json.dumps(whole("a")).encode(), "private"),
        (request("x", deep=json.loads("[" * 90 + "]" * 90)), json.dumps(whole("a")).encode(), "no_json"),
    ],
)
def test_what_is_no_call_is_no_row(body: bytes, answer: bytes, reason: str) -> None:
    with pytest.raises(NotRecorded) as none:
        line_of(AnsweredCall(NOW, 0.1, body, answer))
    assert none.value.reason == reason


def test_half_an_emoji_and_separators_stay_one_line() -> None:
    answer = json.dumps(whole("a\u2028b\x85c")).encode().replace(b"a\\u2028", b"a\\ud83d\\u2028")
    found = line("\u2028", answer)
    assert found.count(b"\n") == 1
    assert len(found.splitlines()) == 1
