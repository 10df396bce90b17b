import random

import numpy as np

from distill.similarity.jaccard import overlaps
from distill.similarity.minhash import agreed, candidates, index
from distill.similarity.pairs import clusters, jaccard, shingles
from distill.similarity.sketches import sketches

LETTERS = "abcdefghijklmnopqrstuvwxyz.,!?我的包裹水壶👍👎"


def random_text(chance: random.Random, size: int) -> str:
    return "".join(chance.choices(LETTERS, k=size))


def near(chance: random.Random, text: str, edits: int) -> str:
    for place in chance.sample(range(len(text)), edits):
        text = text[:place] + chance.choice(LETTERS) + text[place + 1 :]
    return text


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
        near_copy = text[: -chance.randint(9, 14)] + random_text(chance, 12)
        if 0.85 <= jaccard(shingles(text), shingles(near_copy)) < 0.9:
            texts += [text, near_copy]
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


def test_how_many_numbers_of_two_sketches_agree_is_counted_exactly():
    """Also where a sketch has no multiple of eight numbers."""
    chance = random.Random(6)
    letter = random_text(chance, 300)
    texts = [letter, *(near(chance, letter, edits) for edits in (0, 1, 5, 40, 200))]
    for numbers in (100, 128):
        found = index(texts, threshold=0.3, num_perm=numbers)
        made = sketches(texts, numbers).astype(np.uint8)
        zeros = found.digests.shape[1] - numbers
        same = [int((made[0] == other).sum()) + zeros for other in made]
        assert agreed(found.digests, np.zeros(6, np.int64), np.arange(6)).tolist() == same
        assert same[0] == same[1] == found.digests.shape[1]
        assert same[5] < found.least < same[3]
