"""Planted typos: how many are found, by which kind, and what becomes of clean queries.

    found     of queries with one letter wrong, left out, put in, doubled or exchanged with its neighbour, how many are paired with
              the query they were made of: in per cent, by the 4-grams alone and with `distill.similarity.typos.typo_pairs`
    clean     of queries in which nothing was planted, how many are dropped as near-duplicates; how many of those had another intent
    cost      processor seconds for short texts, and for ten times as many; memory

Needs CLINC150 as one file, which does not come with the project:

    python benchmarks/typos.py clinc150_full.json      {"split": [["what's the weather like", "weather"], …], …}

Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

from distill.similarity.graph import Graph
from distill.similarity.pairs import near_pairs
from distill.similarity.typos.typo_pairs import typo_pairs
from distill.text.normalise import normalise

LETTERS = "abcdefghijklmnopqrstuvwxyz"
Make = Callable[[str, int, str], str]
TYPOS: dict[str, Make] = {
    "substitution": lambda text, at, letter: text[:at] + letter + text[at + 1 :],
    "deletion": lambda text, at, _: text[:at] + text[at + 1 :],
    "insertion": lambda text, at, letter: text[:at] + letter + text[at:],
    "doubled": lambda text, at, _: text[:at] + text[at] + text[at:],
    "exchange": lambda text, at, _: text[:at] + text[at + 1] + text[at] + text[at + 2 :],
}


def queries(path: Path, count: int, chance: random.Random) -> dict[str, str]:
    """So many different queries of 20 to 60 characters, with their intents."""
    rows = (row for split in json.loads(path.read_text("utf-8")).values() for row in split)
    every = {normalise(text): intent for text, intent in rows}
    fitting = [text for text in every if 20 <= len(text) <= 60]
    return {text: every[text] for text in chance.sample(fitting, min(count, len(fitting)))}


def mistyped(text: str, make: Make, chance: random.Random) -> str:
    """A text with one typo in a letter of one of its words."""
    at = chance.choice([at for at in range(len(text) - 1) if text[at : at + 2].isalpha()])
    while (made := make(text, at, chance.choice(LETTERS))) == text:
        at = chance.choice([at for at in range(len(text) - 1) if text[at : at + 2].isalpha()])
    return made


def found(clean: list[str], kind: str, planted: int, near: float, chance: random.Random) -> tuple[float, float]:
    """The shares of so many planted typos that are found by the 4-grams, and with typos."""
    typed = {mistyped(text, TYPOS[kind], chance): text for text in chance.sample(clean, planted)}
    texts = list(dict.fromkeys([*clean, *typed]))
    place = {text: at for at, text in enumerate(texts)}
    wanted = {(place[text], place[one]) for one, text in typed.items() if one not in clean}
    letters = {(i, j) for i, j, _ in near_pairs(texts, threshold=near)}
    both = letters | {(i, j) for i, j, _ in typo_pairs(texts)}
    return len(wanted & letters) / len(wanted), len(wanted & both) / len(wanted)


def dropped(clean: dict[str, str], near: float, *, typos: bool) -> dict[str, int]:
    """Of clean queries, how many go, and how many of those had another intent than what stays."""
    texts, intents = list(clean), list(clean.values())
    found = Graph.of(texts, threshold=near, typos=typos).near_duplicates(texts, threshold=near)
    gone = [(at, one.index) for at, one in enumerate(found) if one is not None]
    return {"dropped": len(gone), "other_intent": sum(intents[at] != intents[other] for at, other in gone)}


def short_texts(clean: list[str], count: int, chance: random.Random) -> list[str]:
    """Different texts: each a query with two words of other queries in it, one in ten with a typo."""
    words = [word for text in clean for word in text.split()]
    made: dict[str, None] = {}
    while len(made) < count:
        text = chance.choice(clean).split()
        for at in chance.choices(range(len(text)), k=2):
            text[at] = chance.choice(words)
        joined = " ".join(text)
        made[mistyped(joined, TYPOS[chance.choice(list(TYPOS))], chance) if chance.random() < 0.1 else joined] = None
    return list(made)


def seconds(texts: list[str]) -> float:
    """Processor time."""
    started = time.process_time()
    typo_pairs(texts)
    return time.process_time() - started


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """5,000 queries, 500 planted typos of each kind, 100,000 short texts; half a minute."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--planted", type=int, default=500, help="typos of each kind")
    parser.add_argument("--short", type=int, default=100_000, help="short texts at the last step")
    parser.add_argument("--near", type=float, default=0.85)
    given = parser.parse_args()
    chance = random.Random(7)
    clean = queries(given.queries, given.count, chance)
    shares = {kind: found(list(clean), kind, given.planted, given.near, chance) for kind in TYPOS}
    result: dict[str, object] = {
        "found_by_kind": {kind: [round(100 * one, 1) for one in both] for kind, both in shares.items()}
    }
    result["found"] = [round(100 * sum(some) / len(some), 1) for some in zip(*shares.values(), strict=True)]
    for name, typos in (("clean_by_letters", False), ("clean", True)):
        result[name] = dropped(clean, given.near, typos=typos)
    few, many = (short_texts(list(clean), count, chance) for count in (given.short // 10, given.short))
    result |= {"seconds": {len(few): round(seconds(few), 2)}, "before_mib": peak_mib()}
    result["seconds"] |= {len(many): round(seconds(many), 2)}  # type: ignore[operator]  # the values of `result` are of several kinds; this one is a dict
    result["peak_mib"] = peak_mib()
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
