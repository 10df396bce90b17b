"""Near-duplicates among real texts: ours, which verifies every pair, beside loops over rensa and datasketch that verify none.

    ours          seconds of `near_pairs`; the same by letters alone, as the loops compare; and what a run does with it: a graph, and who
                  of the texts goes
    rensa         a loop over RMinHash and RMinHashLSH on runs of five words, as most scripts take them, and, over a part of the texts, on
                  the 4-grams that we use; where it is installed (`pip install rensa`)
    datasketch    a loop over MinHash and MinHashLSH over a part of the texts, on the same 4-grams
    exact         against every pair with the same numbers and negations compared exactly: pairs that are not as near as said,
                  and the shares found of the near pairs, of the texts that have a near one before them, and of the pairs that were
                  planted; and the texts that stay although they are near one that stays

`ours_takes` and `letters_take` are our times as a share of a loop's over as many texts. The texts are those of this machine (`real_texts.py`), 55,000 of some
190 words. Prints one JSON object. Seconds are of the processor, all threads together, with the seconds on the clock beside them;
the figures are of this machine, the ratio travels.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from duplicates import every_pair, plain
from real_texts import Corpus, corpus

from distill.similarity import decisive
from distill.similarity.graph import Graph, NearText
from distill.similarity.pairs import NUM_PERM, near_pairs, shingles
from distill.text.normalise import normalise

GRAM = 5
"""Words of a run, as most scripts take them."""
BANDS = 16
Pairs = dict[tuple[int, int], float]


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """(what the work gives, its seconds of the processor and on the clock)."""
    cpu, clock = time.process_time(), time.monotonic()
    result = work()
    return result, {"cpu_s": round(time.process_time() - cpu, 2), "clock_s": round(time.monotonic() - clock, 2)}


def words_of(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[at : at + GRAM]) for at in range(max(1, len(words) - GRAM + 1))]


def rensa_loop(texts: list[str], grams: Callable[[str], Any], threshold: float) -> int:
    """How many pairs it proposes; each text asks before it is put in."""
    from rensa import RMinHash, RMinHashLSH

    index, pairs = RMinHashLSH(threshold=threshold, num_perm=NUM_PERM, num_bands=BANDS), 0
    for number, text in enumerate(texts):
        sketch = RMinHash(num_perm=NUM_PERM, seed=42)
        sketch.update(grams(text))
        pairs += len(index.query(sketch))
        index.insert(number, sketch)
    return pairs


def truth_of(texts: list[str], threshold: float) -> Pairs:
    """All near pairs, by comparing every text with every other of the same marks."""
    groups: dict[decisive.DecisiveMarks, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        groups[decisive.marks(normalise(text))].append(number)
    return {
        (own[a], own[b]): value
        for own in groups.values()
        if len(own) > 1
        for (a, b), value in every_pair([texts[at] for at in own], threshold).items()
    }


def exact(found: Pairs, truth: Pairs, planted: set[tuple[int, int]], stay: list[bool]) -> dict[str, object]:
    """Shares are of the truth; a false pair is one with another value than its exact one, or that is not near at all."""
    early, known = ({right for _, right in pairs} for pairs in (truth, found))
    near = planted & truth.keys()
    return {
        "near_pairs": len(truth),
        "false_pairs": sum(truth.get(pair) != value for pair, value in found.items()),
        "recall_of_pairs": share(truth.keys() & found.keys(), truth),
        "recall_of_texts": share(early & known, early),
        "recall_of_planted": share(near & found.keys(), near),
        "planted": len(near),
        "stay_although_near": len({right for left, right in truth if stay[left] and stay[right]}),
    }


def share(some: set[Any], every: Any) -> float | None:
    return round(len(some) / len(every), 4) if every else None


def measure(made: Corpus, *, threshold: float, part: int) -> dict[str, object]:
    texts = made.texts
    near_pairs([texts[0], f"{texts[0]} 5"], threshold=threshold)  # loads the libraries
    pairs, ours = timed(lambda: near_pairs(texts, threshold=threshold))
    _, letters = timed(lambda: near_pairs(texts, threshold=threshold, numbers=False))
    graph, graph_s = timed(lambda: Graph.of(texts, threshold=threshold))
    gone, gone_s = timed(lambda: graph.near_duplicates(texts, threshold=threshold))
    result: dict[str, object] = {
        "texts": len(texts),
        "different": len(set(map(normalise, texts))),
        "characters": sum(map(len, texts)),
        "pairs": len(pairs),
        "ours": ours,
        "ours_by_letters": letters,
        "graph": graph_s,
        "who_goes": gone_s | {"texts": sum(one is not None for one in gone)},
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    loops: dict[str, tuple[list[str], Callable[[list[str]], object]]] = {
        "datasketch_same_grams": (texts[:part], lambda some: plain(some, threshold))
    }
    if importlib.util.find_spec("rensa") is not None:
        loops["rensa_words"] = texts, lambda some: rensa_loop(some, words_of, threshold)
        loops["rensa_same_grams"] = (
            texts[:part],
            lambda some: rensa_loop(some, lambda text: list(shingles(text)), threshold),
        )
    for name, (some, loop) in loops.items():
        _, spent = timed(partial(loop, some))
        whole = spent["cpu_s"] * len(texts) / len(some)
        result[name] = spent | {
            "texts": len(some),
            "ours_takes": round(ours["cpu_s"] / whole, 3),
            "letters_take": round(letters["cpu_s"] / whole, 3),
        }
    result["exact"] = against_truth(made, {(i, j): value for i, j, value in pairs}, gone, threshold)
    return result


def against_truth(made: Corpus, pairs: Pairs, gone: list[NearText | None], threshold: float) -> dict[str, object]:
    """`exact` of the texts that differ when normalised; of equal texts it is the first that was compared."""
    place: dict[str, int] = {}
    at, first = [], []
    for i, text in enumerate(map(normalise, made.texts)):
        if text not in place:
            place[text] = len(place)
            first.append(i)
        at.append(place[text])
    found = {(at[i], at[j]): value for (i, j), value in pairs.items() if at[i] != at[j]}
    planted = {(min(at[i], at[j]), max(at[i], at[j])) for i, j in made.planted if at[i] != at[j]}
    return exact(found, truth_of(list(place), threshold), planted, [gone[i] is None for i in first])


def main() -> None:
    """Two minutes; a third of them are the exact comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=55_000)
    parser.add_argument(
        "--requests", type=Path, help="CLINC150 as one JSON file, or JSON lines, to join into texts too"
    )
    parser.add_argument("--plain", type=int, default=5_000, help="how many texts the slower loops take")
    parser.add_argument("--threshold", type=float, default=0.85)
    given = parser.parse_args()
    made = corpus(given.count, requests=given.requests)
    print(json.dumps(measure(made, threshold=given.threshold, part=given.plain), indent=2))


if __name__ == "__main__":
    main()
