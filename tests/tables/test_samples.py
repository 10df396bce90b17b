import polars as pl
import pytest

from distill.records import Answer, Ended, ToolCall, Usage
from distill.tables.columns import SAMPLES
from distill.tables.samples import SampleEntry, samples

SEEDS = pl.DataFrame(
    {
        "seed_id": ["s1"],
        "stratum": ["a"],
        "labels": ["{}"],
        "cluster": ["s1"],
        "group": ["t1"],
        "input": ["hello"],
        "role": "train",
    }
)


def entry(answer, seed="s1", draw=0):
    prompt = [{"role": "user", "content": "hi \ud83d"}]
    return SampleEntry(seed, answer.request_id, 0, "first", draw, prompt, answer)


def test_a_sample_is_its_seed_and_a_whole_answer_with_its_cost():
    answer = Answer("r1", Ended.OK, " {}\n\udc00", "stop", Usage(7, 3), 0.01, 0.5, "m")
    row = samples(SEEDS, [entry(answer)]).row(0, named=True)
    assert row == {
        "seed_id": "s1", "request_id": "r1", "teacher": 0, "kind": "first", "draw": 0, "stratum": "a", "labels": "{}", "cluster": "s1",
        "group": "t1", "input": "hello",
        "prompt": '[{"role": "user", "content": "hi \ufffd"}]', "answer": "{}\n\ufffd", "reasoning": "", "tool_calls": "", "refusal": "", "finish_reason": "stop",
        "prompt_tokens": 7, "completion_tokens": 3, "latency_s": 0.5, "usd": 0.01, "model": "m",
        "score": None,
    }  # fmt: skip


def test_a_failed_answer_is_owed_and_no_sample():
    failed = Answer("r0", Ended.TIMEOUT)
    late, early = (entry(Answer(f"r{draw}", Ended.OK), draw=draw) for draw in (2, 1))
    assert samples(SEEDS, [entry(failed), late, early])["draw"].to_list() == [1, 2]
    assert samples(SEEDS, [entry(failed)]).schema == pl.Schema(SAMPLES)


def test_an_answer_to_no_known_seed_is_an_error():
    with pytest.raises(KeyError):
        samples(SEEDS, [entry(Answer("r1", Ended.OK), seed="s9")])


def test_tool_calls_are_kept_beside_the_text():
    answer = Answer("r1", Ended.OK, "", "tool_calls", tool_calls=(ToolCall("look", '{"id": 1}'),))
    row = samples(SEEDS, [entry(answer)]).row(0, named=True)
    assert (row["answer"], row["tool_calls"]) == ("", '[["look", "{\\"id\\": 1}"]]')


def test_thinking_is_there_only_where_it_trains_and_can_be_read():
    thought = Answer("r1", Ended.OK, "{}", "stop", reasoning="It greets.\n[encrypted reasoning]")
    assert samples(SEEDS, [entry(thought)])["reasoning"].to_list() == [""]
    assert samples(SEEDS, [entry(thought)._replace(thinks=True)])["reasoning"].to_list() == ["It greets."]
