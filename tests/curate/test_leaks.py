import pytest

from distill.curate.leaks import HeldOut, leaks
from distill.similarity.graph import Graph

TESTS = [HeldOut("t1", "a lamp that flickers"), HeldOut("t2", "my parcel is late and I want to know where it is")]


def test_a_sample_near_a_test_row_goes_with_the_rows_name(frame):
    rows = frame({"input": "My parcel is LATE, and I want to know where it is"}, {"input": "a kettle"})
    out = leaks(rows, held_out=TESTS, near=0.85)
    assert out.kept["seed_id"].to_list() == ["s01"]
    assert out.dropped.select("stage", "reason", "detail").rows() == [
        ("leaks", "near_test_row", "test row t2: similarity 0.86, limit 0.85")
    ]


def test_without_test_rows_nothing_leaks(frame):
    assert leaks(frame({}, {}), held_out=[], near=0.85).kept.height == 2


FOX = "the quick brown fox jumps over the lazy dog while seven tired hens look on in silence"


def test_a_test_input_in_an_answer_and_a_known_answer_in_an_input_are_leaks(frame):
    held = [
        HeldOut("t1", FOX),
        HeldOut("t2", "why", FOX.replace("fox", "wolf")),
        HeldOut("7", "x", FOX.replace("fox", "cat"), "gsm.jsonl", sure=False),
    ]
    rows = frame(
        {"input": "tell me", "answer": f'{{"summary": "They say: {FOX.title()}."}}'},
        {"input": f"is it true that {FOX.replace('fox', 'wolf')}?"},
        {"input": "and what of the cats", "tool_calls": f'[["say", "{FOX.replace("fox", "cat")}"]]'},
        {"input": "nothing to do with it"},
    )
    out = leaks(rows, held_out=held, near=0.85)
    assert out.kept["seed_id"].to_list() == ["s03"]
    passage = " ".join(FOX.split()[:13])
    assert out.dropped.select("row", "reason", "detail").rows() == [
        ("s00", "shares_13_gram", f"test row t1: both have {passage!r}"),
        ("s01", "shares_13_gram", f"test row t2: both have {passage.replace('fox', 'wolf')!r}"),
        ("s02", "shares_13_gram", f"row 7 of gsm.jsonl: both have {passage.replace('fox', 'cat')!r}"),
    ]


def test_template_text_is_no_leak_and_the_report_counts_it(frame):
    rows = frame(*({"input": f"{number} {FOX}", "answer": str(number)} for number in range(12)))
    out = leaks(rows, held_out=[HeldOut("t1", f"quite another question. {FOX}")], near=1.0)
    assert out.kept.height == 12
    assert out.report["template_passages"] == 5
    assert leaks(out.kept[:3], held_out=[HeldOut("t1", FOX)], near=1.0).kept.height == 3


def test_a_validation_row_stays_and_what_repeats_it_goes(frame):
    held = [HeldOut("v", "my parcel is late again", FOX, set="valid")]
    out = leaks(
        frame({"input": "my parcel is late again!"}, {"input": f"is it true that {FOX}"}),
        held_out=held, near=0.85, stage="valid_leaks",
    )  # fmt: skip
    assert out.dropped.select("stage", "reason").rows() == [
        ("valid_leaks", "near_valid_row"),
        ("valid_leaks", "shares_13_gram"),
    ]
    assert out.dropped["detail"][0] == "valid row v: similarity 0.95, limit 0.85"
    assert leaks(frame({"answer": FOX}), held_out=held, near=0.85).kept.height == 1


CANNED = [
    "We are sorry that your parcel is late and have asked the carrier where it is today.",
    "Please send us a photo of the damage and we will send you a new one.",
]
MATTERS = "the lamp arrived early|my kettle came broken|what are the opening hours|is the blue one back in stock|do you ship abroad"


@pytest.mark.parametrize("copies", [1, 2, 5])
def test_an_answer_that_equals_a_held_out_rows_gives_nothing_away_while_the_inputs_differ(frame, copies):
    rows = frame(*({"input": text, "answer": CANNED[0]} for text in MATTERS.split("|")[:copies]), {"answer": CANNED[1]})
    for set_ in ("test", "valid", "exam.jsonl"):
        held = [
            HeldOut("t", "my invoice has the wrong street on it", CANNED[0], set_),
            HeldOut("u", "hm", CANNED[1], set_),
        ]
        assert leaks(rows, held_out=held, near=0.85).dropped.height == 0


def test_nor_does_the_end_of_an_input_with_the_answer_behind_it(frame):
    rows = frame({"input": "the lamp is broken, thank you", "answer": CANNED[1]})
    held = [HeldOut("t", "a chair came without a leg, thank you", CANNED[1])]
    assert leaks(rows, held_out=held, near=0.85).dropped.height == 0


SIGNED = "Anna Keller, Head of Purchasing, Keller and Sons Limited, 12 Harbour Street, Bristol, reachable weekdays from nine to five"


@pytest.mark.parametrize(
    ("others", "total", "goes"), [(1, 24, True), (2, 24, False), (10, 24, False), (3, 60, True), (4, 60, False)]
)
def test_what_several_rows_of_a_small_set_share_is_template_text(frame, others, total, goes):
    """A share of the rows decides, not a count that was found for sets of millions."""
    signed = [{"input": f"{MATTERS.split('|')[i % 5]} number {i}. {SIGNED}"} for i in range(others)]
    rows = frame(
        *signed, *({"input": f"question of a kind of its own, {number}"} for number in range(total - others - 1))
    )
    out = leaks(rows, held_out=[HeldOut("t", f"can I pay by invoice as a school? {SIGNED}")], near=0.85)
    assert (out.dropped.height == others) == goes
    assert goes or out.dropped.height == 0


def test_what_several_held_out_rows_share_is_template_text(frame):
    held = [HeldOut(f"t{number}", f"{text}. {SIGNED}") for number, text in enumerate(MATTERS.split("|"))]
    assert leaks(frame({"input": f"can I pay by invoice? {SIGNED}"}), held_out=held, near=0.85).dropped.height == 0


def test_what_the_schema_enumerates_is_template_text_at_any_count(frame):
    label = "the parcel came late and the customer asks for their money back"
    rows, held = frame({"input": f"choose: {label}, or another"}), [HeldOut("t", "where is it", label)]
    assert leaks(rows, held_out=held, near=0.85).dropped.height == 1
    assert leaks(rows, held_out=held, near=0.85, template=[label]).dropped.height == 0


LETTER = (
    "Hello, I have been a customer of yours for many years and always liked the service, but now my order {} has not come "
    "although the site says that it was handed over to the carrier on its way to my house, so please look into it."
)


@pytest.mark.parametrize(
    ("train", "test", "leaks_"),
    [
        (LETTER.format("4711"), LETTER.format("4712"), 0),
        (LETTER.format("of 3 chairs and 12,000 tiles"), LETTER.format("of 144 chairs and 7 tiles"), 0),
        (LETTER.replace("has not", "has").format("4711"), LETTER.format("4711"), 0),
        (
            f"{LETTER.format('4712')} My cat and my dog and my old grandmother are all waiting for it.",
            LETTER.format("4711"),
            1,
        ),
        (LETTER.format("4711").upper(), LETTER.format("4711"), 1),
        ("Is x < 5 in the second line of the listing above?", "Is x > 5 in the second line of the listing above?", 0),
        ("I was charged $19.99 on my card this month again, why?", "I was charged €19.99 on my card this month", 0),
        ("-5 is the number on the door of the house", "5 is the number on the door of the house", 0),
        ("Is x > 5 in the second line of the listing here?", "x > 5 in the second line of the listing", 1),
    ],
)
def test_what_two_inputs_share_is_no_leak_where_their_numbers_or_signs_make_them_two(frame, train, test, leaks_):
    out = leaks(frame({"input": train}), held_out=[HeldOut("t", test)], near=0.85)
    assert out.dropped.height == leaks_


def test_an_answer_that_holds_a_test_input_is_a_leak_however_the_numbers_of_the_inputs_differ(frame):
    rows = frame({"input": LETTER.format("4711"), "answer": f"Others wrote: {LETTER.format('4712')}"})
    out = leaks(rows, held_out=[HeldOut("t", LETTER.format("4712"))], near=0.85)
    assert out.dropped["reason"].to_list() == ["shares_13_gram"]


def test_where_numbers_are_to_be_ignored_a_long_text_with_another_number_is_a_leak(frame):
    graph = Graph.of([], threshold=0.85, numbers=False)
    out = leaks(
        frame({"input": LETTER.format("4711")}), held_out=[HeldOut("t", LETTER.format("4712"))], near=0.85, graph=graph
    )
    assert out.dropped.height == 1


SIGNATURE = (
    "Sent from my phone. This message is confidential; if you are not the one it is meant for please delete it at once."
)


def test_a_word_beside_template_text_makes_no_leak_of_it(frame):
    """Two rows that end alike before the signature of all of them share 13 words, and nothing that gives one away."""
    said = (
        "my lamp is broken",
        "the sofa has the wrong colour",
        "who can mend a kettle",
        "the bike is late and broken",
        "no answer so far",
    )
    rows = frame(*({"input": f"{text}, thank you. {SIGNATURE}"} for text in said))
    held = [HeldOut("t", f"why is the carpet so dear, thank you. {SIGNATURE}")]
    assert leaks(rows, held_out=held, near=0.85).kept.height == len(said)
    quoted = frame(*({"input": f"{text}. {SIGNATURE}"} for text in (*said, f"it says: {FOX}")))
    out = leaks(quoted, held_out=[HeldOut("t", f"is it true that {FOX}? {SIGNATURE}")], near=0.85)
    assert out.dropped["row"].to_list() == ["s05"]


def test_canned_turns_of_a_conversation_with_their_speakers_are_no_run_of_13_words(frame):
    """ "assistant" and "user" are nobody's words: eleven words that two tickets share are eleven, and a quoted letter is still found."""
    turns = "user: {}. Where is it?\nassistant: Could you please tell us more?\nuser: {}"
    rows = frame(
        {"input": turns.format("No lamp so far", "It is black")},
        {"input": turns.format("I ask again", f"I said: {FOX}")},
    )
    held = [HeldOut("t", turns.format("The parcel is not here so far", f"It was said that {FOX}"))]
    out = leaks(rows, held_out=held, near=0.85)
    assert out.dropped["row"].to_list() == ["s01"]
