import random

import numpy as np
import pytest
from datasketch import MinHash

from distill.similarity.pairs import jaccard, shingles
from distill.similarity.sketches import blocks, sketches

LETTERS = "abcdefghijklmnopqrstuvwxyz.,!?我的包裹水壶👍👎"


def random_text(chance: random.Random, size: int) -> str:
    return "".join(chance.choices(LETTERS, k=size))


def near(chance: random.Random, text: str, edits: int) -> str:
    for place in chance.sample(range(len(text)), edits):
        text = text[:place] + chance.choice(LETTERS) + text[place + 1 :]
    return text


@pytest.mark.parametrize("size", [12, 40, 150, 1200])
def test_two_sketches_agree_as_often_as_the_sets_overlap(size):
    """By datasketch's own estimate; whatever the length, though a long text is permuted once and a short one 128 times."""
    chance = random.Random(size)
    pairs = [(text, near(chance, text, max(1, size // 60))) for text in (random_text(chance, size) for _ in range(200))]
    made = [
        MinHash(hashvalues=row, scheme="affine32") for row in sketches([text for pair in pairs for text in pair], 128)
    ]
    off = [
        one.jaccard(other) - jaccard(shingles(a), shingles(b))
        for (a, b), one, other in zip(pairs, made[::2], made[1::2], strict=True)
    ]
    assert abs(np.mean(off)) < 0.01
    assert np.std(off) < 0.05


def test_a_sketch_depends_on_its_text_alone():
    chance = random.Random(1)
    texts = [random_text(chance, chance.choice((4, 5, 30, 400))) for _ in range(60)]
    together = sketches(texts, 64)
    assert all((sketches([text], 64)[0] == row).all() for text, row in zip(texts, together, strict=True))


def test_blocks_leave_nothing_out_and_hold_a_text_that_is_larger_than_one():
    assert list(blocks([3, 3, 3, 99, 1, 0, 0], 6)) == [(0, 2), (2, 3), (3, 4), (4, 7)]
    assert list(blocks([], 6)) == []
