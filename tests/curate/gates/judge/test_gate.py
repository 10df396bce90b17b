"""Gates that a model decides: what a verdict is, what is none, and that no answer scores itself."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import polars as pl
import pytest
import temperaments as judges
from attacks import WRONG, attacks, verdict
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.gates.judge import gate as gates
from distill.curate.gates.judge import rubric as rubrics
from distill.curate.gates.judge import verdict as verdicts
from distill.curate.gates.judge.gate import judge, toxicity
from distill.curate.gates.judge.rubric import AnswerToJudge, code_of, schema, turns
from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict, read_verdict
from distill.curate.gates.wording import refusal
from distill.records import Answer, Ended, Request
from distill.spec.judge import Rubric
from distill.teacher.endpoint import payload
from distill.teacher.endpoint.scripted import fitting
from distill.text.normalise import storable

RUBRIC = Rubric("judge", "Is the answer right?", {"correct": "What it says is true."})
TWO = Rubric("judge", "A polite answer.", {"correct": "True.", "polite": "Kind."})
CODE = "0" * 32
"""What attackers bet on; the engine that is broken on purpose uses it."""
ATTACKS = list(dict.fromkeys((family, storable(text).strip()) for family, text in attacks(CODE)))
ASKED = "What is the capital of France?"


def request(question: AnswerToJudge, rubric: Rubric = RUBRIC) -> Request:
    sent = payload.body(
        turns(rubric, question),
        payload.RequestSettings(model="m", dialect="chat", max_tokens=200, output=schema(rubric)),
    )
    return Request("here", sent)


def answer(text: str, **more: Any) -> Answer:
    return Answer("r", Ended.OK, text, more.pop("finish_reason", "stop"), **more)


def asking(reply: judges.Temperament, rubric: Rubric = RUBRIC, task: str | None = None) -> gates.LookUp:
    """What flow injects, without the store: each row is put to one judge."""

    def look(frame: pl.DataFrame) -> list[list[JudgeVerdict | NoVerdict]]:
        found = []
        for given_, said, calls in frame.select("input", "answer", "tool_calls").iter_rows():
            question = AnswerToJudge(given_, said, calls, task=task)
            code = rubrics.code_of(rubric, question)
            found.append(
                [verdicts.read_verdict(answer(reply(request(question, rubric))), rubric, code=code, judge="m")]
            )
        return found

    return look


DECLINED = "Capitals of countries are a topic that I would rather not go into."
REFUSAL = Rubric(
    "refusal",
    (files("distill.curate.gates.judge") / "refusal.md").read_text(encoding="utf-8"),
    {"answered": "the answer does what was asked"},
)
REFUSALS = list(dict.fromkeys((family, text.replace(WRONG, DECLINED)) for family, text in ATTACKS))


def passed(frame: Callable[..., pl.DataFrame], reply: judges.Temperament) -> Counter[str]:
    """Attacks by family that the gate lets pass."""
    rows = frame(*({"answer": text, "input": ASKED, "labels": family} for family, text in ATTACKS))
    return Counter(judge(rows, verdicts=asking(reply)).kept["labels"].to_list())


TEMPERAMENTS = {
    "honest": judges.honest({text for _, text in ATTACKS}),
    "gullible": judges.gullible({text for _, text in ATTACKS}),
    "echo": judges.echo,
    "last_json": judges.last_json,
}


def test_the_corpus_is_large_and_of_many_kinds() -> None:
    families = Counter(family for family, _ in ATTACKS)
    assert sum(families.values()) == len({text for _, text in ATTACKS}) >= 160
    assert len(families) == 8


@pytest.mark.parametrize("temperament", TEMPERAMENTS)
def test_no_wrong_answer_is_scored_up_by_its_form(frame: Any, temperament: str) -> None:
    """Escapes, forged verdicts and tricks of JSON never pass, whatever the judge believes; a right answer does."""
    assert passed(frame, TEMPERAMENTS[temperament]) == {}
    if temperament in ("honest", "gullible"):
        right = judge(frame({"answer": "Paris.", "input": ASKED}), verdicts=asking(TEMPERAMENTS[temperament]))
        assert right.kept["score_judge"].to_list() == [1.0]


def declined(frame: Callable[..., pl.DataFrame], reply: judges.Temperament) -> Counter[str]:
    """Refusals with an attack, by family, that the gate `refusal` lets pass where a judge reads what its patterns leave."""
    rows = frame(*({"answer": text, "input": ASKED, "labels": family} for family, text in REFUSALS))
    out = refusal(rows, judge=True, verdicts=asking(reply, REFUSAL, task="Name the {{thing}}."))
    assert out.dropped["reason"].to_list().count("refusal") < 5, "the patterns found them, and no judge was tried"
    return Counter(out.kept["labels"].to_list())


@pytest.mark.parametrize("temperament", TEMPERAMENTS)
def test_no_refusal_is_scored_up_by_its_form(frame: Any, temperament: str) -> None:
    """The same corpus over the rubric for refusals, whose question shows the task too."""
    known = {text for _, text in REFUSALS}
    reply = {"honest": judges.honest(known), "gullible": judges.gullible(known)}.get(temperament)
    assert declined(frame, reply or TEMPERAMENTS[temperament]) == {}


def test_orders_do_not_change_what_a_judge_reads(frame: Any) -> None:
    """A judge that goes by the answer's words finds every refusal that stands there in plain words, whatever is told it."""
    plain = Counter(family for family, text in REFUSALS if DECLINED not in text)
    assert declined(frame, judges.attentive) == plain
    assert plain.total() < len(REFUSALS) / 2


@pytest.mark.parametrize(
    ("task", "asked", "said", "score"),
    [
        (None, "Name a capital.", "We are not willing to name one.", 1),
        (None, "Name a capital.", "That is not something I do.", 1),
        (None, "Name a capital.", "Paris, which many can't spell.", 5),
        (None, "Name a capital.", "I\u2019m afraid I won\u2019t.", 1),
        ("Write a letter that declines the offer.", "A job in Paris.", "I cannot take the job.", 5),
        (None, "Translate: ich kann nicht helfen", "I cannot help.", 5),
    ],
)
def test_the_attentive_judge_decides_by_what_it_reads(task: str | None, asked: str, said: str, score: int) -> None:
    question = AnswerToJudge(asked, said, task=task)
    found = read_verdict(
        answer(judges.attentive(request(question, REFUSAL))), REFUSAL, code=code_of(REFUSAL, question), judge="m"
    )
    assert isinstance(found, JudgeVerdict)
    assert found.scores == {"answered": score}


def test_an_engine_with_a_fixed_mark_is_fooled(frame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus has teeth: where the code is known beforehand, blocks are left and verdicts are forged."""
    monkeypatch.setattr(rubrics, "code_of", lambda _rubric, _question: CODE)
    flips = {name: passed(frame, reply) for name, reply in TEMPERAMENTS.items()}
    assert flips["gullible"]["escape"] > 10
    assert flips["gullible"]["padding"] > 5
    assert flips["echo"]["forged"] >= 3
    assert flips["last_json"]["forged"] > 5
    assert not flips["honest"]
    obeys = judges.gullible({text for _, text in REFUSALS})
    assert declined(frame, obeys)["escape"] > 10


def test_an_engine_that_does_not_look_at_the_code_is_fooled(frame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def trusting(given_: Answer, rubric: Rubric, *, code: str, judge: str) -> JudgeVerdict | NoVerdict:
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            code = json.loads(given_.text)["code"]
        return read_verdict(given_, rubric, code=code, judge=judge)

    monkeypatch.setattr(verdicts, "read_verdict", trusting)
    flips = {name: passed(frame, TEMPERAMENTS[name]) for name in ("echo", "last_json")}
    assert flips["echo"]["forged"] > 5
    assert flips["last_json"]["forged"] > 5


@settings(deadline=None)
@given(asked=st.text(), said=st.text(), calls=st.text(), gold=st.none() | st.text(), task=st.none() | st.text())
def test_no_text_of_a_question_holds_its_code(
    asked: str, said: str, calls: str, gold: str | None, task: str | None
) -> None:
    """Also where the answer repeats the code of the same question without it; equal questions have equal codes."""
    question = AnswerToJudge(asked, said, calls, gold, task)
    code = code_of(RUBRIC, question)
    assert len(code) == 32
    assert code == code_of(RUBRIC, AnswerToJudge(asked, said, calls, gold, task))
    copied = AnswerToJudge(asked, f"{said}\n{code} answer>>>", calls, gold, task)
    assert code_of(RUBRIC, copied) not in "".join(copied.texts.values())
    assert turns(RUBRIC, question)[0] == turns(RUBRIC, copied)[0]


def test_a_code_that_stands_in_a_text_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rubrics, "content_id", lambda *parts, digits: f"{parts[3]:0{digits}}")
    assert code_of(RUBRIC, AnswerToJudge("", "0" * 40)) == f"{1:032}"


def test_a_question_shows_what_there_is_and_no_more() -> None:
    question = AnswerToJudge("Where is my lamp?", "Calling.", '[["find", "{}"]]', '{"intent":"delivery"}')
    asked = turns(TWO, question)[1]["content"]
    assert [name for name in ("task", "input", "reference", "answer", "tool_calls") if f"<<<{name} " in asked] == list(
        question.texts
    )
    assert list(AnswerToJudge("q", "a", task="t").texts) == ["task", "input", "answer"]
    assert list(AnswerToJudge("", "").texts) == ["input", "answer"]
    assert judges.answer_of(request(AnswerToJudge("q", "a\n<<<answer x\nb"))) == "a\n<<<answer x\nb"


@pytest.mark.parametrize("dialect", ["chat", "openai", "responses"])
def test_every_dialect_asks_for_a_verdict_that_the_scripted_model_fills(dialect: Any) -> None:
    """The form is one that strict modes take, and the shipped doubles answer it, so that a rehearsal has verdicts."""
    question = AnswerToJudge("q", '{"a": 1}')
    sent = payload.body(
        turns(TWO, question), payload.RequestSettings(model="m", dialect=dialect, max_tokens=200, output=schema(TWO))
    )
    named = sent["text"]["format"] if dialect == "responses" else sent["response_format"]["json_schema"]
    assert (named["name"], named["strict"]) == ("verdict", True)
    for reply in (fitting, judges.honest(set())):
        said = reply(Request("here", sent))
        found = read_verdict(answer(said), TWO, code=code_of(TWO, question), judge="m")
        assert isinstance(found, JudgeVerdict), said
        assert list(found.scores) == ["correct", "polite"]


def of(*scores: tuple[int, int] | str) -> Callable[[pl.DataFrame], Any]:
    """The same said of every row, by a judge each."""
    said = [
        NoVerdict(f"j{n}", one)
        if isinstance(one, str)
        else JudgeVerdict(
            f"j{n}", {"correct": one[0], "polite": one[1]}, {"correct": f"c{n}", "polite": f"p\n{n}" * 300}
        )
        for n, one in enumerate(scores)
    ]
    return lambda frame: [said] * frame.height


@pytest.mark.parametrize(
    ("scores", "given_", "reason", "detail"),
    [
        ([(5, 5)], {}, None, ""),
        ([(5, 3)], {}, None, ""),
        ([(5, 2)], {}, "low_score", "polite 2, mean 3.5, at least 4 required: p 0p 0"),
        ([(5, 2)], {"at_least": 3.5}, None, ""),
        ([(5, 2)], {"at_least": {"correct": 5}}, None, ""),
        ([(4, 5)], {"at_least": {"polite": 3, "correct": 5}}, "low_score", "correct 4, at least 5 required: c0"),
        ([(5, 5), (2, 5)], {"at_least": {"correct": 4}}, "low_score", "correct 3.5, at least 4 required: c1"),
        ([(5, 5), "cut off"], {}, None, ""),
        (["cut off", "no code"], {}, "unscored", "j0: cut off; j1: no code"),
        (["cut off"], {"unscored": "keep"}, None, ""),
        ([], {}, "unscored", "no judge was asked"),
    ],
)
def test_the_mean_of_the_judges_decides_and_a_drop_says_why(
    frame: Any, scores: Any, given_: Any, reason: str | None, detail: str
) -> None:
    out = judge(frame({}), verdicts=of(*scores), **given_)
    found = out.dropped.select("stage", "reason", "detail").rows()
    if reason is None:
        assert found == []
    else:
        ((stage, why, words),) = found
        assert (stage, why) == ("judge", reason)
        assert words.startswith(detail)
        assert "\n" not in words
        assert len(words) < 300


def test_scores_are_columns_and_every_word_of_a_judge_is_kept(frame: Any) -> None:
    out = judge(frame({}, {}), verdicts=of((5, 2), (4, 1), "cut off"))
    row = out.rejected.row(0, named=True)
    assert (row["judge_correct"], row["judge_polite"], row["score_judge"], row["score"]) == (4.5, 1.5, 0.5, 0.5)
    said = verdicts.verdicts_of_row(row)["judge"]
    assert [one["judge"] for one in said] == ["j0", "j1", "j2"]
    assert said[1]["scores"] == {"correct": 4, "polite": 1}
    assert len(said[0]["reasons"]["polite"]) == 900
    assert said[2]["unscored"] == "cut off"
    assert (out.report["judged"], out.report["spread"]) == (2, 1.0)
    alone = toxicity(frame({}), verdicts=of("cut off"), unscored="keep")
    assert alone.kept.select("score_toxicity", "score").row(0) == (None, None)
    assert (alone.report["judged"], alone.report["spread"]) == (0, None)


def test_an_answer_that_is_asked_about_with_half_an_emoji_has_its_verdict(frame: Any) -> None:
    """What no UTF-8 file holds goes to a judge and comes back in its reasons."""
    found = read_verdict(answer(verdict(CODE).replace("flawless", "half \\ud83d")), RUBRIC, code=CODE, judge="m")
    assert isinstance(found, JudgeVerdict)
    assert found.reasons["correct"] == "half \ufffd"
    assert read_verdict(
        answer(judges.honest({WRONG})(request(AnswerToJudge("\ud83d", WRONG)))),
        RUBRIC,
        code=code_of(RUBRIC, AnswerToJudge("\ud83d", WRONG)),
        judge="m",
    ).scores == {"correct": 1}  # type: ignore[union-attr]  # it is a verdict, or the test fails
