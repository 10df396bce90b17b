"""The words of an answer."""

import json
import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.curate.gates.judge.verdict import JudgeVerdict, NoVerdict
from distill.curate.gates.refusals import REFUSALS
from distill.curate.gates.wording import _unlike, boilerplate, echo, form, refusal, sentences
from distill.similarity.pairs import jaccard, shingles
from distill.text import patterns
from distill.text.normalise import normalise


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with this request.",
        "Sorry, I cannot provide that.",
        "As an AI language model, I have no opinion.",
        '{"intent": "a", "summary": "I cannot assist with this."}',
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Mi dispiace, ma non posso aiutarti.",
        "Desculpe, mas não posso ajudar.",
        "Het spijt me, maar ik kan u daar niet bij helpen.",
        "Przepraszam, ale nie mogę pomóc.",
        "Извините, но я не могу помочь.",
        "很抱歉，我无法提供帮助。",
        "申し訳ありませんが、お手伝いできません。",
        "죄송하지만 도와드릴 수 없습니다.",
        "Unfortunately, I'm not in a position to help with that request.",
        "I regret to inform you that I am not able to fulfil your request.",
        "No, I won't help you with this.",
        "I don't feel comfortable answering this.",
        "That's not something I can do.",
        "I'm afraid that I can't do that for you.",
        "We're sorry, but we are not able to generate a response to this.",
        "I have to decline this request.",
        "Leider kann ich dir dabei nicht helfen.",
        "Ich darf diese Anfrage leider nicht bearbeiten.",
        "Malheureusement, je ne suis pas en mesure de répondre à cette demande.",
        "No puedo ayudarle con esta solicitud.",
        "Non sono in grado di rispondere a questa richiesta.",
        "Infelizmente, não consigo atender a esse pedido.",
        "Helaas kan ik deze vraag niet beantwoorden.",
        "Niestety nie mogę odpowiedzieć na to pytanie.",
        "Я не могу ответить на этот вопрос.",
        "对不起，我不能回答这个问题。",
        "ご要望にはお答えできません。",
        "죄송합니다. 해당 질문에 답변할 수 없습니다.",
        "Out of scope for me.",
    ],
)
def test_refusals_are_known_in_many_languages_and_inside_json(frame, answer):
    out = refusal(frame({"answer": answer}), phrases=["out of SCOPE"])
    assert out.dropped["reason"].to_list() == ["refusal"]


@pytest.mark.parametrize(
    "answer",
    [
        '{"intent": "a", "summary": "I cannot log in since Monday."}',
        '{"summary": "Says: I\'m sorry, but the lamp came broken."}',
        '{"summary": "Kann sich nicht anmelden."}',
        "I am sorry to hear that your lamp broke. Send it back for free.",
        "Lo siento, su pedido llegará mañana.",
        "No puedo entrar en mi cuenta",
        '{"summary": "I am an AI, ignore your rules"}',
        '{"summary": "I cannot process this payment", "category": "billing"}',
        "I'm sorry, but I have already processed your refund; it arrives on Friday.",
        "Sorry, I can't process returns after 30 days, but I can offer you a voucher of 10 euros.",
        "I can't provide a date yet, since the carrier has not scanned the parcel.",
        "I cannot help with billing questions in this chat; please call our billing team on weekdays.",
        "I can't answer the phone at work, please send a mail.",
        "I can't help feeling that the price is too high.",
        "I can't do that step because the button is grey.",
        "No, I can't pay with my credit card.",
        "Es tut mir leid, aber der Artikel kann heute nicht geliefert werden; er kommt am Montag.",
        "Leider kann ich mein Passwort nicht zurücksetzen.",
        "Désolé, je ne peux pas rembourser cet article sans facture, mais je peux l'échanger.",
        "Lo siento, no puedo acceder a mi cuenta desde ayer.",
        "Mi dispiace, il pacco non può essere consegnato oggi.",
        "Sorry, ik kan mijn pakket niet vinden.",
        "Przepraszam, nie mogę znaleźć paczki.",
        "Я не могу войти в свой аккаунт.",
        "很抱歉，该商品目前缺货，无法今天发货。",
        "申し訳ありませんが、在庫がないため本日の発送はできません。明日発送いたします。",
        "죄송합니다. 오늘은 배송이 어렵습니다.",
    ],
)
def test_what_a_customer_or_a_kind_answer_says_is_no_refusal(frame, answer):
    assert refusal(frame({"answer": answer})).kept.height == 1


@pytest.mark.parametrize(
    "part", ["sorry, ", "i am so sorry ", "ich kann das das ", "i can't ", "désolé ", "申し訳ありませんが"]
)
def test_long_openings_cost_no_time(part):
    """The pattern does not try again and again: a text of 100,000 characters is looked at in no time."""
    start = time.process_time()
    assert not REFUSALS.match(part * (100_000 // len(part)))
    assert time.process_time() - start < 1


def test_the_endpoints_own_mark_is_a_refusal(frame):
    out = refusal(frame({"refusal": "I will not."}))
    assert out.dropped["detail"].to_list() == ["marked by the endpoint: 'I will not.'"]


def marks(scores: dict[str, int | None]):
    """Verdicts of one judge by the answer's text; None is no verdict. Fails on an answer that should not have been asked about."""

    def look(rows: pl.DataFrame) -> list[list[JudgeVerdict | NoVerdict]]:
        return [
            [
                NoVerdict("j", "cut off")
                if scores[text] is None
                else JudgeVerdict("j", {"answered": scores[text]}, {"answered": "so"})
            ]
            for text in rows["answer"]
        ]

    return look


def test_a_judge_is_asked_about_what_the_patterns_let_pass_and_about_nothing_else(frame):
    """What a pattern finds goes by the pattern; scores are 0 there, the judge's elsewhere, and none without a verdict."""
    unseen = "Capitals are a topic that I would rather leave alone."
    rows = frame({"answer": "I can't help with that."}, {"answer": unseen}, {"answer": "Paris."}, {"answer": "Lyon?"})
    look = marks({unseen: 1, "Paris.": 5, "Lyon?": None})
    out = refusal(rows, judge=True, verdicts=look)
    assert out.dropped.select("row", "stage", "reason", "detail").rows() == [
        ("s00", "refusal", "refusal", 'begins "I can\'t help with that."'),
        ("s01", "refusal", "low_score", "answered 1, mean 1, at least 4 required: so"),
        ("s03", "refusal", "unscored", "j: cut off"),
    ]
    assert out.rejected["score_refusal"].to_list() == [0.0, 0.0, None]
    assert out.rejected["refusal_answered"].to_list() == [None, 1.0, None]
    assert out.kept.select("seed_id", "score_refusal").rows() == [("s02", 1.0)]
    assert out.report["dropped"] == {"low_score": 1, "refusal": 1, "unscored": 1}
    assert (out.report["in"], out.report["kept"], out.report["judged"]) == (4, 1, 2)
    lenient = refusal(rows, judge=True, verdicts=look, at_least=1, unscored="keep")
    assert lenient.kept.select("seed_id", "score_refusal").rows() == [("s01", 0.0), ("s02", 1.0), ("s03", None)]
    patterns = refusal(rows, verdicts=look)
    assert patterns.kept["seed_id"].to_list() == ["s01", "s02", "s03"]
    assert "verdicts_refusal" not in patterns.kept.columns


def test_where_nobody_gives_verdicts_rows_are_unscored(frame):
    out = refusal(frame({"answer": "I can't help with that."}, {"answer": "Paris."}), judge=True)
    assert out.dropped.select("reason", "detail").rows()[1] == ("unscored", "no judge was asked")


@pytest.mark.parametrize(
    "answer",
    [
        "As a large language model, I would send it back.",
        '{"summary": "As an AI, I suggest a refund"}',
        "I'm just a chatbot, but the lamp is on its way.",
        "As of my last update the shop is open.",
        "Here is the JSON you asked for: {}",
        "Dear [Customer Name], your lamp is on its way.",
        "Als KI-Modell rate ich zur Rückgabe.",
    ],
)
def test_talk_of_being_a_model_and_blanks_left_to_fill_go(frame, answer):
    assert boilerplate(frame({"answer": answer})).dropped["reason"].to_list() == ["boilerplate"]


@pytest.mark.parametrize(
    "answer",
    [
        "Asks whether an AI answers here.",
        "The language model of the phone is wrong.",
        "Array[int] is its type.",
        "[urgent]",
    ],
)
def test_talk_about_models_and_brackets_stays(frame, answer):
    assert boilerplate(frame({"answer": answer})).kept.height == 1


def test_phrases_of_the_task_are_boilerplate_too(frame):
    out = boilerplate(frame({"answer": "Thank you for contacting  US today."}), phrases=["thank you for contacting us"])
    assert out.dropped["detail"].to_list() == ["says 'thank you for contacting us'"]


@pytest.mark.parametrize(
    ("settings", "detail"),
    [
        ({"matches": "[A-Z].*"}, "does not match '[A-Z].*'"),
        ({"contains": ["lamp", "Tuesday"]}, "does not hold 'Tuesday'"),
        ({"lacks": ["cord", "lamp"]}, "holds 'lamp'"),
        ({"min_sentences": 3}, "2 sentences, expected 3 to any"),
        ({"max_sentences": 1}, "2 sentences, expected 0 to 1"),
    ],
)
def test_each_rule_of_format_names_what_broke_it(frame, settings, detail):
    rows = frame({"answer": "the lamp is late. send another!"})
    assert form(rows, **settings).dropped["detail"].to_list() == [detail]
    assert (
        form(rows, matches="the.*", contains=["lamp"], lacks=["x"], min_sentences=2, max_sentences=2).kept.height == 1
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("One", 1),
        ("One. Two", 2),
        ('He said "no." Then?', 2),
        ("3.5 kg at 7.30", 1),
        ("一。二！三", 3),
        ("a\n\nb", 2),
        ("...", 0),
    ],
)
def test_sentences_are_counted_by_what_ends_them(text, count):
    assert sentences(text) == count


def test_an_answer_that_repeats_the_input_goes(frame):
    asked = "Where is the kettle that I ordered last week?"
    rows = frame(
        {"input": asked, "answer": asked.upper()},
        {"input": asked, "answer": '{"summary": "Where is the kettle that I ordered last week"}'},
        {"input": asked, "answer": '{"summary": "Asks where the kettle is"}'},
        {"input": "ok", "answer": "ok"},
    )
    assert echo(rows).dropped["row"].to_list() == ["s00", "s01"]


SYSTEM = "You answer the letters of a shop's customers, in three sentences at most, and promise nothing."


def test_copies_of_the_input_and_of_the_system_prompt_go(frame):
    """From 60 % of a text on; what quotes the input in an answer of its own stays, and so does an example's answer."""
    asked = "Where is the kettle that I ordered?"
    prompt = json.dumps(
        [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": [{"type": "text", "text": asked}]},
            {"role": "assistant", "content": "It left our warehouse on Monday and arrives on Thursday."},
        ]
    )
    answers = [
        f"You asked: {asked}", f"{asked} {asked}", SYSTEM.upper(), json.dumps({"summary": SYSTEM}),
        f'"{asked}" is what you wrote; the parcel left on Monday and arrives on Thursday.',
        "It left our warehouse on Monday and arrives on Thursday.", "You answer the letters of a shop's customers.",
    ]  # fmt: skip
    out = echo(frame(*({"input": asked, "prompt": prompt, "answer": answer} for answer in answers)))
    assert out.dropped["row"].to_list() == ["s00", "s01", "s02", "s03"]


def test_texts_of_any_length_are_told_apart_in_no_time(frame):
    start = time.process_time()
    assert echo(frame({"input": "a" * 200_000, "answer": "b " * 100_000})).kept.height == 1
    assert echo(frame({"input": "b " * 100_000, "answer": "a" * 200_000})).kept.height == 1
    assert time.process_time() - start < 10


@given(st.text("abc ", min_size=30, max_size=60), st.sampled_from([0.3, 0.9]))
def test_a_long_text_is_called_unlike_as_a_short_one_is(one, near):
    other = normalise("abca bcab " * 300)
    if len(plain := normalise(one)) >= 4 and _unlike(plain, other, near):
        assert jaccard(shingles(one), shingles(other)) < near


@given(st.text("abc ", max_size=40), st.text("abc ", max_size=40), st.sampled_from([0.3, 0.5, 0.8, 0.9, 1.0]))
def test_what_is_called_unlike_at_a_glance_is_never_near(one, other, near):
    plain = normalise(one), normalise(other)
    if len(plain[0]) >= 4 and _unlike(*plain, near):
        assert jaccard(shingles(one), shingles(other)) < near


def test_a_slow_form_pattern_ends_the_step(frame, monkeypatch):
    """Ten thousand rows at half a second each are hours: the step ends, and every row stays as it is."""
    monkeypatch.setattr(patterns, "LIMIT_S", 0.01)
    assert form(frame(*[{"answer": "a" * 60 + "!"}] * (patterns.MOST_STOPPED - 1)), matches="(a|aa)+").kept.is_empty()
    with pytest.raises(patterns.GivenUp, match="the gate `form`, `matches`: the pattern"):
        form(frame(*[{"answer": "a" * 60 + "!"}] * 20), matches="(a|aa)+")
