"""The linear model over the tables of a run."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from distill.student import linear

SCHEMA = {
    "type": "object",
    "properties": {"mood": {"enum": ["glad", "cross"]}, "urgent": {"type": "boolean"}, "why": {"type": "string"}},
}


def samples(count: int = 40) -> pl.DataFrame:
    """Rows whose mood is in their words; the last one is a call, the one before is no JSON, the first is dropped."""
    moods = ["glad" if n % 2 else "cross" for n in range(count)]
    answers = [f'{{"mood": "{mood}", "why": "since {n} of them"}}' for n, mood in enumerate(moods)]
    return pl.DataFrame(
        {
            "fate": ["dropped", *["train"] * (count - 2), "valid"],
            "input": [f"{'thank you' if mood == 'glad' else 'never again'} {n}" for n, mood in enumerate(moods)],
            "answer": [*answers[:-2], "no JSON", ""],
            "tool_calls": [*[""] * (count - 1), "[]"],
        }
    )


def test_it_learns_what_trains_and_can_be_read() -> None:
    fitted = linear.train(samples(), SCHEMA)
    assert fitted is not None
    assert (fitted.rows, list(fitted.fields)) == (37, ["mood"])
    assert linear.unanswered_fields(fitted, SCHEMA) == ["urgent", "why"]


def test_its_answers_are_texts_in_the_order_of_the_schema_and_cost_nothing() -> None:
    fitted = linear.train(samples(), SCHEMA)
    assert fitted is not None
    tests = pl.DataFrame({"seed_id": ["a", "b"], "input": ["thank you so much", "never again"]})
    found = dict(linear.answers(fitted, tests, SCHEMA))
    assert {seed: answer.text for seed, answer in found.items() if answer} == {
        "a": '{"mood": "glad"}',
        "b": '{"mood": "cross"}',
    }
    assert all(answer and answer.usd == 0 and answer.latency_s > 0 for answer in found.values())


def test_plain_answers_are_learnt_as_they_are_said() -> None:
    rows = samples().with_columns(
        answer=pl.when(pl.col("input").str.starts_with("thank")).then(pl.lit("glad")).otherwise(pl.lit("cross"))
    )
    fitted = linear.train(rows, None)
    assert fitted is not None
    tests = pl.DataFrame({"seed_id": ["a"], "input": ["thank you"]})
    assert [answer.text for _, answer in linear.answers(fitted, tests, None) if answer] == ["glad"]


def test_what_a_schema_closes() -> None:
    assert linear.closed_by(SCHEMA) == ["mood", "urgent"]
    assert linear.closed_by({"enum": ["a", "b"]}) == ["answer"]
    assert linear.closed_by(None) == []


TEXT, NUMBER, TEAM = {"type": "string"}, {"type": "integer"}, {"enum": ["billing", "delivery"]}
DISTINCT = [{"reply": f"sorry about order {n}"} for n in range(30)]
LABELS = [{"reply": "ab"[n % 2]} for n in range(30)]


@pytest.mark.parametrize(
    ("fields", "golds", "why"),
    [
        ({"team": TEAM, "reply": TEXT}, [], ""),
        ({"team": TEAM, "reply": TEXT}, DISTINCT, ""),
        ({"reply": TEXT}, LABELS, ""),
        ({"reply": TEXT, "stars": NUMBER}, [], ""),
        ({"reply": TEXT, "stars": NUMBER}, DISTINCT, ""),
        ({"reply": {"$ref": "#/$defs/Team"}}, [], ""),
        ({"tags": {"type": "array", "items": TEAM}}, [], ""),
        (None, LABELS, ""),
        ({"reply": TEXT}, [], "the schema's fields are free text: reply"),
        ({"reply": {"type": ["string", "null"]}}, LABELS[:2], "the schema's fields are free text: reply"),
        ({"tags": {"type": "array", "items": TEXT}}, [], "the schema's fields are free text: tags"),
        ({"reply": TEXT}, DISTINCT, "the 30 known answers hold 30 values of 'reply'"),
        ({"stars": NUMBER}, [{"stars": n} for n in range(25)], "the 25 known answers hold 25 values of 'stars'"),
        (None, DISTINCT, "the 30 known answers hold 30 values of 'reply'"),
        (None, [], "neither a schema (teacher.output) nor known answers (seeds.gold) say which values there are"),
    ],
)
def test_answers_that_no_linear_model_learns_are_told_by_schema_and_known_answers(
    fields: dict[str, Any] | None, golds: list[dict[str, Any]], why: str
) -> None:
    """Where only the answers to come can tell, it may."""
    assert linear.unlearnable({"type": "object", "properties": fields} if fields else None, golds) == why


def test_plain_answers_of_free_text_are_told_too() -> None:
    assert linear.unlearnable({"type": "string"}, []) == "the schema's fields are free text: the answer as a whole"
    assert linear.unlearnable({"enum": ["a", "b"]}, []) == ""


@pytest.mark.parametrize("way", ["linear", "embedding"])
def test_rows_count_by_their_request_and_those_of_none_count_whole(way: str) -> None:
    """The rows that say cross are doubtful; a known answer, which no request has, is not."""
    if way == "embedding":
        pytest.importorskip("wordllama")
    said = ["cross" if n % 3 else "glad" for n in range(60)]
    rows = pl.DataFrame(
        {
            "fate": ["train"] * 60,
            "input": [f"parcel {n}" for n in range(60)],
            "answer": said,
            "tool_calls": [""] * 60,
            "request_id": [f"r{n}" for n in range(60)],
        }
    )
    schema, tests = {"enum": ["glad", "cross"]}, pl.DataFrame({"seed_id": ["a"], "input": ["parcel"]})
    doubted = {f"r{n}": {"answer": 0.05} for n in range(60) if n % 3}

    def answer(samples: pl.DataFrame) -> str:
        fitted = linear.train(samples, schema, way=way, sure=doubted)
        assert fitted is not None
        ((_, found),) = linear.answers(fitted, tests, schema)
        assert found is not None
        return found.text

    assert answer(rows) == "glad"
    assert answer(rows.with_columns(request_id=pl.lit(None, pl.String))) == "cross"
