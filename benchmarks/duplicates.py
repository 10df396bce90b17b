"""Near-duplicates against a plain loop over datasketch, in the same run, and against every pair compared exactly.

    speed     texts a second of `near_pairs`, which verifies what it finds, and of MinHash and MinHashLSH as most scripts
              use them: update_batch, query, insert; the same 4-grams, 128 permutations and threshold, nothing verified
    exact     on the first 5,000: pairs that are not as near as said, and the share of the truly near that is found
    scale     seconds for short texts, and for ten times as many
    apart     of 5,000 pairs that differ in one number or one negation (`one_token.py`): how many are taken for near-duplicates, by
              letters at the threshold and at 0.6, or for one typo apart; and how many letters alone would take for such

Prints one JSON object. The texts are made here, 180 words each, one in five with a few words of an earlier one replaced;
`--texts FILE.jsonl` takes others (the first string of each line). The figures are of this machine, the ratio travels.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from itertools import accumulate
from pathlib import Path

import numpy as np
from datasketch import MinHash, MinHashLSH
from one_token import pairs

from distill.similarity import decisive
from distill.similarity.graph import Graph
from distill.similarity.pairs import NUM_PERM, near_pairs, shingles
from distill.text.normalise import normalise

SYLLABLES = [
    "an",
    "be",
    "cor",
    "da",
    "el",
    "fi",
    "gra",
    "hu",
    "in",
    "jo",
    "ka",
    "le",
    "mo",
    "nu",
    "or",
    "pa",
    "qui",
    "re",
]
SYLLABLES += ["sta", "tu", "un", "ver", "wi", "xa", "yo", "zen", "ed", "ing", "tion", "ly"]
NEAR = 0.2


def made(count: int, words: int) -> list[str]:
    """Texts of words whose frequencies fall as those of a language do."""
    chance = random.Random(5)
    known = ["".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3, 4)))) for _ in range(8000)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(known))))
    texts: list[list[str]] = []
    for number in range(count):
        text = chance.choices(known, cum_weights=weights, k=words)
        if number and chance.random() < NEAR:
            text = list(chance.choice(texts))
            for place in chance.sample(range(words), min(words, chance.choice((1, 2, 4, 8, 12)))):
                text[place] = chance.choice(known)
        texts.append(text)
    return [" ".join(text) for text in texts]


def read(path: Path, count: int) -> list[str]:
    """The first string of each line, whether the line is a string, a list or a mapping."""
    texts = []
    for line in path.read_text("utf-8").splitlines()[:count]:
        row = json.loads(line)
        values = row.values() if isinstance(row, dict) else [row] if isinstance(row, str) else row
        texts.append(next(value for value in values if isinstance(value, str)))
    return texts


def plain(texts: list[str], threshold: float) -> float:
    """Texts a second."""
    started = time.monotonic()
    found = MinHashLSH(threshold=threshold, num_perm=NUM_PERM)
    for number, text in enumerate(texts):
        sketch = MinHash(num_perm=NUM_PERM)
        sketch.update_batch([gram.encode("utf-8", "surrogatepass") for gram in shingles(text)])
        found.query(sketch)
        found.insert(number, sketch)
    return len(texts) / (time.monotonic() - started)


def ours(texts: list[str], threshold: float) -> tuple[float, int]:
    """(texts a second, pairs)."""
    near_pairs(texts[:100], threshold=threshold)  # loads the libraries
    started = time.monotonic()
    pairs = near_pairs(texts, threshold=threshold)
    return len(texts) / (time.monotonic() - started), len(pairs)


def every_pair(texts: list[str], threshold: float) -> dict[tuple[int, int], float]:
    """The near pairs by comparing all with all whose sizes are near enough: a set of 4-grams is a row of bits."""
    every = [shingles(text) for text in texts]
    order = sorted(range(len(texts)), key=lambda at: len(every[at]))
    sets = [every[at] for at in order]
    places = {gram: place for place, gram in enumerate(sorted(set().union(*sets)))}
    bits = np.zeros((len(sets), -(-len(places) // 64)), np.uint64)
    for row, grams in zip(bits, sets, strict=True):
        taken = np.fromiter((places[gram] for gram in grams), np.uint64, len(grams))
        np.bitwise_or.at(row, taken >> np.uint64(6), np.uint64(1) << (taken & np.uint64(63)))
    sizes = np.fromiter(map(len, sets), np.int64, len(sets))
    near = {}
    for one in range(len(sets)):
        stop = int(np.searchsorted(sizes, sizes[one] / threshold + 1))
        shared = np.bitwise_count(bits[one] & bits[one + 1 : stop]).sum(axis=1, dtype=np.int64)
        overlap = shared / (sizes[one] + sizes[one + 1 : stop] - shared)
        for at in np.flatnonzero(overlap >= threshold).tolist():
            left, right = sorted((order[one], order[one + 1 + at]))
            near[left, right] = float(overlap[at])
    return near


def exact(texts: list[str], threshold: float) -> dict[str, object]:
    different = list({normalise(text): text for text in texts if normalise(text)}.values())
    said = [decisive.marks(normalise(text)) for text in different]
    truth = {pair: value for pair, value in every_pair(different, threshold).items() if said[pair[0]] == said[pair[1]]}
    found = {(i, j): value for i, j, value in near_pairs(different, threshold=threshold)}
    false = sum(truth.get(pair) != value for pair, value in found.items())
    recall = round(len(found.keys() & truth.keys()) / len(truth), 4) if truth else None
    return {"texts": len(different), "near": len(truth), "false": false, "recall": recall}


def apart(count: int, threshold: float) -> dict[str, object]:
    """False merges among pairs of which each says something else than its other."""
    made = pairs(count)
    texts = list(dict.fromkeys(text for _, *both in made for text in both))
    result: dict[str, object] = {"pairs": len(made)}
    for name, limit, numbers in (
        ("false", threshold, True),
        ("false_at_0.6", 0.6, True),
        ("by_letters", threshold, False),
    ):
        graph = Graph.of(texts, threshold=limit, typos=True, numbers=numbers)
        ends, near = graph.neighbours([text for _, *both in made for text in both])
        result[name] = sum(ends[at] == ends[at + 1] or ends[at + 1] in near[at] for at in range(0, len(ends), 2))
    return result


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """50,000 texts, of which the plain loop takes 10,000; half a minute."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--words", type=int, default=180)
    parser.add_argument("--plain", type=int, default=10_000, help="how many of them the plain loop takes")
    parser.add_argument("--exact", type=int, default=5_000, help="how many are compared all with all")
    parser.add_argument("--apart", type=int, default=5_000, help="how many pairs differ in one number or negation")
    parser.add_argument("--short", type=int, default=100_000, help="how many short texts at the last step")
    parser.add_argument("--threshold", type=float, default=0.85)
    parser.add_argument("--texts", type=Path, help="JSON lines to take the texts from")
    given = parser.parse_args()
    texts = read(given.texts, given.count) if given.texts else made(given.count, given.words)
    result: dict[str, object] = {"texts": len(texts), "before_mib": peak_mib()}
    rate, pairs = ours(texts, given.threshold)
    result |= {"ours_per_s": round(rate), "pairs": pairs, "peak_mib": peak_mib()}
    result["short_seconds"] = {
        count: round(count / ours(made(count, 9), given.threshold)[0], 1) for count in (given.short // 10, given.short)
    }
    result["short_peak_mib"] = peak_mib()
    loop = plain(texts[: given.plain], given.threshold)
    result |= {"plain_per_s": round(loop), "ratio": round(rate / loop, 1)}
    result["exact"] = exact(texts[: given.exact], given.threshold)
    result["apart"] = apart(given.apart, given.threshold)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
