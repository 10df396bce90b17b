import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.passages import find, text_of
from distill.text.normalise import normalise
from distill.text.word_ngrams import words

# Few words, some of them in scripts without spaces, so that runs are shared by chance.
TOKENS = st.lists(st.sampled_from(["a", "b", "it's", "don’t", "x_y", "wörter", "我", "水", "ひ", "5"]), max_size=60)
TEXTS = st.lists(TOKENS.map(" ".join), max_size=6)
FOX = "the quick brown fox jumps over the lazy dog while seven tired hens look on in silence"


def spelt(text: str) -> list[str]:
    return words([text]).spelt(0, len(words([text]).owner)) if words([text]).owner.size else []


def halves(word: str) -> int:
    return 1 if word in "我水ひ" else 2


def runs(text: str, size: int) -> set[tuple[str, ...]]:
    found, all_words = set(), spelt(text)
    for i in range(len(all_words)):
        total = 0
        for j in range(i, len(all_words)):
            total += halves(all_words[j])
            if total >= size:
                found.add(tuple(all_words[i : j + 1]))
                break
    return found


def plainly(train: list[str], held_out: list[tuple[str, ...]]) -> tuple[list[bool], int]:
    """The rule by its definition, with sets of words; all of a training text is its input."""
    wanted = []
    for parts in held_out:
        own = runs(text_of(*parts), 26)
        for part in parts:
            length = sum(map(halves, spelt(part)))
            own |= {tuple(spelt(part))} if 16 <= length < 26 else set()
        wanted.append(own)
    every = set().union(*wanted)
    sizes = {sum(map(halves, run)) for run in every}
    shared = [{run for size in sizes | {26} for run in runs(text, size)} & every for text in train]
    holders = {run: sum(run in own for own in shared) for run in every}
    template = {run for run, count in holders.items() if count and count + sum(run in own for own in wanted) - 1 > 2}
    return [bool(own - template) for own in shared], len(template)


@settings(deadline=None, max_examples=75)
@given(TEXTS, st.lists(st.tuples(TOKENS.map(" ".join), TOKENS.map(" ".join)), max_size=4))
def test_what_is_found_is_what_sets_of_words_find(train, held_out):
    found = find(train, held_out, common=2)
    shares, templates = plainly(train, held_out)
    assert [quote is not None for quote in found.quotes] == shares
    assert found.templates == templates
    for text, quote in zip(train, found.quotes, strict=True):
        assert quote is None or quote.passage.rstrip("…") in normalise(text)
        assert quote is None or quote.held_by <= 2


@settings(deadline=None, max_examples=30)
@given(TEXTS, TEXTS, st.randoms(use_true_random=False))
def test_the_order_of_the_training_texts_changes_nothing(train, held_out, chance):
    parts = [(text,) for text in held_out]
    mixed = chance.sample(range(len(train)), len(train))
    found, again = find(train, parts), find([train[i] for i in mixed], parts)
    assert [found.quotes[i] for i in mixed] == again.quotes
    assert [found.template[i] for i in mixed] == again.template
    assert found.templates == again.templates


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"He wrote: “{FOX}”.", True),
        (FOX.upper().replace(" ", ",\n"), True),
        (" ".join(FOX.split()[:13]), True),
        (" ".join(FOX.split()[:12]), False),
        ("and " + " ".join(FOX.split()[3:16]) + " too", True),
        (FOX.replace("over", "across"), False),
        (FOX.replace("quick", "fast"), True),
    ],
)
def test_thirteen_words_in_a_row_count_and_case_and_punctuation_do_not(text, found):
    assert (find([text], [(FOX,)]).quotes[0] is not None) == found


@pytest.mark.parametrize(("count", "found"), [(7, False), (8, True), (12, True)])
def test_a_short_text_is_found_as_a_whole_from_eight_words_on(count, found):
    short = " ".join(FOX.split()[:count])
    assert (find([f"so {short} and more"], [(short,)]).quotes[0] is not None) == found
    assert find([" ".join(FOX.split()[1:count])], [(short,)]).quotes == [None]


def test_scripts_without_spaces_are_measured_in_characters():
    text = "我上个星期在你们的网上商店买了一个水壶可是到现在还没有收到请告诉我它在哪里"
    assert find([f"他说：{text[5:31]}。"], [(text,)]).quotes[0] is not None
    assert find([f"他说：{text[5:30]}。"], [(text,)]).quotes == [None]
    assert find([f"他说：{text[:16]}。", text[:15]], [(text[:16],)]).quotes[0] is not None


def test_words_are_parted_by_punctuation_and_joined_by_an_apostrophe():
    assert spelt("It’s — well-known: 'do_you' x1,5 नमस्ते 我们") == [
        "it's",
        "well",
        "known",
        "do'you",
        "x1",
        "5",
        "नमस्ते",
        "我",
        "们",
    ]


def test_passages_across_the_border_of_input_and_answer_count():
    question, answer = " ".join(FOX.split()[:7]), " ".join(FOX.split()[7:])
    assert find([f"they asked: {question}: {answer}"], [(question, answer)]).quotes[0] is not None
    assert find([f"{answer} {question}"], [(question, answer)]).quotes[0] is not None  # its answer alone has 10 words


def test_of_json_only_the_strings_count():
    keys = '{"intent": "a", "urgency": "b", "tone": "c", "product": "d", "language": "e", "summary": "%s"}'
    assert find([text_of(keys % "one thing")], [(keys % "another",)]).quotes == [None]
    assert find([text_of("", keys % FOX)], [(FOX,)]).quotes[0] is not None
    assert text_of('{"a": ["x", {"b": "y"}], "c": 1}', "{no JSON") == "x\ny\n{no JSON"


def test_what_more_than_ten_texts_hold_is_template_text():
    texts = [f"{number}: {FOX}" for number in range(11)]
    found = find(texts, [(FOX,)])
    assert found.quotes == [None] * 11
    assert found.template == [True] * 11
    assert found.templates == 5
    assert all(find(texts[:10], [(FOX,)]).quotes)
    rare = " ".join(f"word{n}" for n in range(13))
    assert find([*texts, f"{FOX} {rare}"], [(FOX,), (rare,)]).quotes[-1].held_out == 1


def test_every_planted_passage_is_found_and_nothing_else():
    chance = random.Random(3)
    vocabulary = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 9))) for _ in range(20000)]

    def sentence(count: int) -> str:
        return " ".join(chance.choices(vocabulary, k=count))

    train = [f"{sentence(30)}\n{sentence(30)}" for _ in range(4000)]
    held_out = [(sentence(chance.randint(8, 60)), sentence(chance.randint(1, 40))) for _ in range(400)]
    planted = dict(zip(chance.sample(range(4000), 400), range(400), strict=True))
    for row, held in planted.items():
        part = chance.choice([part for part in held_out[held] if len(part.split()) >= 8])
        train[row] = f"{train[row][:100]}. {part.upper()}! {train[row][100:]}"
    found = find(train, held_out)
    assert {row: quote.held_out for row, quote in enumerate(found.quotes) if quote} == planted
