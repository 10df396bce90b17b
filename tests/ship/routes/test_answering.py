"""The calls of one row, without a line to anybody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from route_folders import SCHEMA, TEXTS, said, written

from distill.ship.routes.answering import RoutedAnswer, RoutedCall, answering
from distill.ship.routes.load import load


def walked(folder: Path, *replies: Any) -> tuple[list[RoutedCall], RoutedAnswer]:
    """(the calls, the answer) where the calls are answered so, in turn."""
    steps, calls = answering(load(folder).routes, {"message": TEXTS[1]}, {}), []
    try:
        calls.append(next(steps))
        for one in replies:
            calls.append(steps.send(None if one is None else json.loads(one)))
    except StopIteration as end:
        return calls, end.value
    raise AssertionError("more calls than replies")


def test_each_is_asked_as_in_the_evaluation(tmp_path: Path) -> None:
    calls, found = walked(written(tmp_path / "out"), said("{}", 0.9), said('{"mood": "glad"}'))
    student, teacher = calls
    assert student.body == {
        "model": "mood", "messages": [{"role": "system", "content": "Mood?"}, {"role": "user", "content": TEXTS[1]}],
        "max_tokens": 50, "temperature": 0.0, "logprobs": True,
    }  # fmt: skip
    assert teacher.body["messages"][0]["content"] == "Say the mood as JSON."
    assert teacher.body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "temperature" not in teacher.body
    assert (found.by, found.why) == ("teacher", "schema")


def test_without_a_threshold_an_answer_that_obeys_is_taken(tmp_path: Path) -> None:
    _, found = walked(written(tmp_path / "out", threshold=None), said('{"mood": "glad"}'))
    assert (found.by, found.why, found.confidence) == ("student", "sure", None)


def test_a_reply_without_probabilities_is_not_sure(tmp_path: Path) -> None:
    _, found = walked(written(tmp_path / "out"), said('{"mood": "cross"}'), said('{"mood": "glad"}'))
    assert (found.by, found.why, found.confidence) == ("teacher", "unsure", None)


def test_further_draws_tell_where_the_run_used_them(tmp_path: Path) -> None:
    folder = written(tmp_path / "out", draws=3, threshold=0.6, signal="agreement of draws")
    glad, cross = said('{"mood": "glad"}'), said('{ "mood" : "cross"}')
    calls, found = walked(folder, glad, glad, glad, cross)
    assert (found.by, found.confidence) == ("student", 2 / 3)
    assert [call.body["temperature"] for call in calls] == [0.0, 0.7, 0.7, 0.7]
    _, found = walked(folder, glad, cross, None, cross, glad)
    assert (found.by, found.why, found.confidence) == ("teacher", "unsure", 0.0)


def test_a_page_of_html_is_no_answer(tmp_path: Path) -> None:
    _, found = walked(written(tmp_path / "out"), '"<html>"', said('{"mood": "glad"}'))
    assert (found.by, found.why) == ("teacher", "schema")
