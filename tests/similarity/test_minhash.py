import random

import numpy as np
import pytest
from datasketch import MinHash

from distill.similarity.jaccard import overlaps
from distill.similarity.minhash import blocks, candidates, index, sketches
from distill.similarity.pairs import clusters, jaccard, shingles

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


def test_the_index_of_many_blocks_is_that_of_each_text():
    chance = random.Random(2)
    texts = [random_text(chance, 400) for _ in range(500)]  # three blocks
    whole = index(texts, threshold=0.85, num_perm=128)
    for i in (0, 163, 164, 499):
        assert (index([texts[i]], threshold=0.85, num_perm=128).keys[:, 0] == whole.keys[:, i]).all()


def test_pairs_at_the_threshold_are_proposed():
    """Of 1,500 pairs between 0.85 and 0.9 none is missed: the bands promise 2 in 10,000 at most, at the threshold."""
    chance = random.Random(3)
    texts: list[str] = []
    while len(texts) < 3000:
        text = random_text(chance, 180)
        twin = text[: -chance.randint(9, 14)] + random_text(chance, 12)
        if 0.85 <= jaccard(shingles(text), shingles(twin)) < 0.9:
            texts += [text, twin]
    left, right = candidates(index(texts, threshold=0.85, num_perm=128))
    assert set(range(0, 3000, 2)) <= set(left[right == left + 1].tolist())


def test_a_crowd_is_joined_through_its_first_members():
    """300 form letters would be 45,000 pairs; with room for 16 they are 5,000, and still one cluster."""
    chance = random.Random(4)
    letter = random_text(chance, 600)
    texts = [near(chance, letter, 3) for _ in range(300)]
    left, right = candidates(index(texts, threshold=0.85, num_perm=128), pairs=1)
    assert np.bincount(right).max() == 16
    pairs = zip(left.tolist(), right.tolist(), overlaps(texts, left, right), strict=True)
    assert set(clusters(300, [pair for pair in pairs if pair[2] >= 0.85])) == {0}


def test_a_near_pair_is_found_within_a_crowd_that_is_not():
    """The last two of 300 letters share more than the form: a smaller group in some band gives them away."""
    chance = random.Random(5)
    form = random_text(chance, 500)
    texts = [form + random_text(chance, 100) for _ in range(299)]
    texts.append(near(chance, texts[-1], 1))
    left, right = candidates(index(texts, threshold=0.85, num_perm=128), pairs=1, glances=1)
    assert len(left) < 16 * 300
    assert (298, 299) in set(zip(left.tolist(), right.tolist(), strict=True))


def test_characters_beyond_16_bits_are_told_apart_exactly():
    """Added up 16 bits apart, U+10041 and a would be A and b."""
    texts = ["\U00010041axy", "Abxy", "\U00010041axyz"]
    assert list(overlaps(texts, np.array([0, 0]), np.array([1, 2]))) == [0.0, 0.5]


def test_more_characters_than_16_bits_can_number_are_told_apart_exactly():
    """Numbered in their order and added up 16 bits apart, 65,541 and 7 would be 5 and 8."""
    all_of_them = "".join(map(chr, range(0xF0000, 0x100010)))
    texts = [all_of_them[65541] + all_of_them[7] * 3, all_of_them[5] + all_of_them[8] + all_of_them[7] * 2, all_of_them]
    assert list(overlaps(texts, np.array([0, 2]), np.array([1, 2]))) == [0.0, 1.0]


def test_blocks_leave_nothing_out_and_hold_a_text_that_is_larger_than_one():
    assert list(blocks([3, 3, 3, 99, 1, 0, 0], 6)) == [(0, 2), (2, 3), (3, 4), (4, 7)]
    assert list(blocks([], 6)) == []
