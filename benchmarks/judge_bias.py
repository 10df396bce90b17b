"""A judge with known biases: what is reported of them, and whether the corrected win rate is that of a judge without them.

The student's answers are worse and longer. The judge likes the first answer and the longer one, so by its verdicts the student wins.

    python benchmarks/judge_bias.py --pairs 1500 --draws 8

Prints one JSON object: for each figure the truth, what was found on the mean, and the most that a draw was off, all in points; and in
how many draws the win rate as seen and the one at equal length name the right winner.
"""

from __future__ import annotations

import argparse
import json
import random
from statistics import fmean

from distill.evaluate.judging.measures.bias import JudgedPair
from distill.evaluate.judging.measures.pairwise import pairwise_result
from distill.testing.judges import BiasedJudge

LENGTH = 100
Figures = dict[str, tuple[float, float]]
"""Figure → (truth, found)."""


def draw(pairs: int, seed: int) -> tuple[Figures, bool, bool]:
    """(figures, whether the win rate as seen is below a half, whether the one at equal length is)."""
    random.seed(seed)
    quality = dict[str, float]()
    both = [
        (text("s", n, 70, -0.35, quality), text("t", n, 0, 0.0, quality)) for n in range(pairs)
    ]  # fmt: skip
    judge = BiasedJudge(quality.__getitem__, first=0.7, longer=1.5, scale=LENGTH, seed=seed)
    judged = [
        JudgedPair(str(n), float(judge.prefers_first(a, b)), float(not judge.prefers_first(b, a)), len(a) - len(b))
        for n, (a, b) in enumerate(both)
    ]
    found = pairwise_result("teacher", {"judge": judged}, equal=0, rows=pairs)
    place, length, seen = found.by_judge[0].position, found.length, found.win_rate
    assert place is not None
    assert length is not None
    assert seen is not None
    fair = fmean(judge.fair_chance(a, b) for a, b in both)
    biased = fmean((judge.chance(a, b) + 1 - judge.chance(b, a)) / 2 for a, b in both)
    figures = {
        "position": (fmean((judge.chance(a, b) + judge.chance(b, a)) / 2 - 0.5 for a, b in both), place.mean),
        "length_adds": (biased - fair, length.adds.mean),
        "win_rate_at_equal_length": (fair, length.at_equal_length.mean),
    }
    return figures, seen.high < 0.5, length.at_equal_length.high < 0.5


def text(kind: str, number: int, longer_by: int, better: float, quality: dict[str, float]) -> str:
    """A text of some length; its quality has nothing to do with it."""
    made = f"{kind}{number} ".ljust(max(20, round(random.gauss(300 + longer_by, LENGTH / 2**0.5))), "x")
    quality[made] = better + random.gauss(0, 0.5)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1500)
    parser.add_argument("--draws", type=int, default=8)
    given = parser.parse_args()
    drawn = [draw(given.pairs, seed) for seed in range(1, given.draws + 1)]
    report: dict[str, object] = {"pairs": given.pairs, "draws": given.draws}
    for name in drawn[0][0]:
        values = [figures[name] for figures, _, _ in drawn]
        report[name] = {
            "truth": round(100 * fmean(truth for truth, _ in values), 2),
            "found": round(100 * fmean(found for _, found in values), 2),
            "most_off": round(100 * max(abs(found - truth) for truth, found in values), 2),
        }
    report["right_as_seen"] = sum(seen for _, seen, _ in drawn)
    report["right_at_equal_length"] = sum(right for _, _, right in drawn)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
