import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.curate.selection.likeness import SAME, likeness, traits

TEXTS = st.lists(st.text(max_size=60), min_size=1, max_size=8)


@settings(deadline=None)
@given(TEXTS, st.randoms(use_true_random=False))
def test_a_likeness_is_a_whole_number_of_two_rows_alone(texts, random):
    """It does not depend on which is named first, nor on what else is in the table; a row is wholly like itself."""
    found = traits(texts, texts)
    alike = likeness(found, found)
    assert alike.min() >= 0
    assert alike.max() == SAME
    assert (alike == np.rint(alike)).all()
    assert (alike == alike.T).all()
    assert (alike.diagonal() == SAME).all()
    i, j = random.randrange(len(texts)), random.randrange(len(texts))
    pair = traits([texts[i], texts[j]], [texts[i], texts[j]])
    assert likeness(pair, pair)[0, 1] == alike[i, j]


def test_wording_form_and_answer_each_make_rows_unlike():
    plain, answer = "where is my kettle, order 4411", '{"intent": "delivery"}'
    inputs = [
        plain,
        "where is my kettle, order 4412",
        "Kündigung zum Monatsende, bitte",
        f"- {plain}\n- hurry up?",
        plain,
    ]
    answers = [answer, answer, answer, answer, '{"intent": "delivery", "urgency": "low"}']
    found = traits(inputs, answers)
    same, digit, other, form, keys = likeness(found, found)[0]
    assert same > digit > form > other
    assert same > keys > other


def test_a_long_input_is_looked_at_from_both_ends():
    """What differs in the middle of a long one does not show, and what differs at its end does."""
    long = "word " * 2000
    texts = [long, long[:5000] + "x" * 5 + long[5005:], long[:-200] + "something else altogether " * 8]
    found = traits(texts, ["a"] * 3)
    _, middle, end = likeness(found, found)[0]
    assert middle == SAME
    assert end < SAME
