"""What several answers to one row have in common."""

import pytest

from distill.curate.gates.agreement import agreement
from distill.values import rules as value_rules
from distill.values.rules import Rule


def answers(frame, *intents, seed="s"):
    return frame(
        *(
            {"seed_id": seed, "draw": n, "answer": f'{{"intent": "{one}", "note": "{n}"}}'}
            for n, one in enumerate(intents)
        )
    )


@pytest.mark.parametrize(
    ("intents", "at_least", "kept"),
    [
        ("aab", 0.6, [0, 1]),
        ("ab", 0.6, []),
        ("ab", 0.5, [0, 1]),
        ("a", 1.0, [0]),
        ("abc", 0.3, [0, 1, 2]),
        ("aaab", 0.8, []),
    ],
)
def test_what_most_answers_say_stays_and_the_share_is_the_score(frame, intents, at_least, kept):
    out = agreement(answers(frame, *intents), at_least=at_least, compare=["intent"])
    assert out.kept["draw"].to_list() == kept
    assert all(
        score == intents.count(intents[draw]) / len(intents)
        for draw, score in out.kept.select("draw", "score_agreement").rows()
    )


def test_without_fields_the_whole_answer_counts(frame):
    rows = frame(
        {"seed_id": "s", "draw": 0, "answer": "Yes "},
        {"seed_id": "s", "draw": 1, "answer": "yes"},
        {"seed_id": "s", "draw": 2, "answer": "no"},
    )
    out = agreement(rows)
    assert out.kept["draw"].to_list() == [0, 1]
    assert out.dropped["detail"].to_list() == ["33% of 3 answers say this, at least 60% required"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"tags": ["a", "b"]}', '{"tags": ["b", "a"]}'),
        ('{"n": 12.50}', '{"n": "12.5"}'),
        ('{"b": 1, "a": 2}', '{ "a": 2, "b": 1 }'),
        ("Technical.", "technical"),
        ("12.0", "12"),
    ],
)
@pytest.mark.parametrize("compare", [(), ["tags", "n", "a", "b"], ["answer"]])
def test_answers_agree_in_value_however_they_are_spelt(frame, one, other, compare):
    rows = frame({"seed_id": "s", "draw": 0, "answer": one}, {"seed_id": "s", "draw": 1, "answer": other})
    assert agreement(rows, at_least=1.0, compare=compare).kept.height == 2


def test_the_task_says_how_near_numbers_agree(frame):
    rows = frame(*({"seed_id": "s", "draw": n, "answer": f'{{"n": {one}}}'} for n, one in enumerate((10, 10.004, 11))))
    rules = value_rules.of(None, {"n": Rule("number", 0.01)})
    out = agreement(rows, at_least=0.6, compare=["n"], rules=rules)
    assert out.kept["draw"].to_list() == [0, 1]


def test_a_second_look_finds_what_the_first_one_found(frame):
    once = agreement(answers(frame, *"aab"), compare=["intent"])
    twice = agreement(once.kept, compare=["intent"])
    assert twice.kept.equals(once.kept)


def test_calls_agree_in_what_they_ask_for(frame):
    calls = [
        '[["look", "{\\"id\\": 1, \\"n\\": 2}"]]',
        '[["look", "{\\"n\\": 2.0, \\"id\\": 1}"]]',
        '[["look", "{\\"id\\": 3}"]]',
    ]
    rows = frame(
        *({"seed_id": "s", "draw": n, "answer": "Let me look." * n, "tool_calls": one} for n, one in enumerate(calls))
    )
    assert agreement(rows).kept["draw"].to_list() == [0, 1]
