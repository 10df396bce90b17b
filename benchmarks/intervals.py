"""Intervals, verdicts and numbers of rows against known truth: experiments are drawn from a population whose true mean is known.

    coverage    the share of 95 % intervals that hold the true mean, and how often they lie above it (too optimistic) or below it
    false       how often a student that loses exactly the margin is found to keep up
    power       how often a student that is as good as its teacher is decided, and what `distill plan` says of it
    rows        how often the range of rows that would decide holds the number that the true spread makes of it

    python benchmarks/intervals.py                                   2,000 experiments, six minutes
    python benchmarks/intervals.py --experiments 300 --parts coverage

Prints a table, in per cent.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np

from distill.evaluate.evidence.seen import LUCK
from distill.stats import mean_interval, paired_difference, rows_needed
from distill.stats.power import decided_share, fewest_rows, required_rows

ROWS = (50, 150, 300)
Values = np.ndarray
Draw = Callable[[np.random.Generator, int], Values]


def outcomes(lose: float, win: float) -> Draw:
    """A row is lost by 1, won by 1, or equal."""
    return lambda chance, n: chance.choice([-1.0, 1.0, 0.0], n, p=[lose, win, 1 - lose - win])


def three_fields(lose: float, win: float) -> Draw:
    """Each row is the mean over three fields, each of which is lost, won or equal."""
    return lambda chance, n: chance.choice([-1.0, 1.0, 0.0], (n, 3), p=[lose, win, 1 - lose - win]).mean(axis=1)


def agreement(right: float) -> Draw:
    """The student against the teacher's own answers: all of one, or 0, 1 or 2 thirds of it."""
    return lambda chance, n: np.where(chance.random(n) < right, 1.0, chance.integers(0, 3, n) / 3) - 1


DIFFERENCES: dict[str, tuple[Draw, float]] = {
    "binary, lose 1 % win 1 %": (outcomes(0.01, 0.01), 0),
    "binary, lose 3 % win 1 %": (outcomes(0.03, 0.01), -0.02),
    "binary, lose 5 % win 3 %": (outcomes(0.05, 0.03), -0.02),
    "binary, lose 10 % win 10 %": (outcomes(0.1, 0.1), 0),
    "binary, lose 25 % win 10 %": (outcomes(0.25, 0.1), -0.15),
    "three fields, lose 3 % win 1 %": (three_fields(0.03, 0.01), -0.02),
    "three fields, lose 10 % win 10 %": (three_fields(0.1, 0.1), 0),
    "agreement, 90 % of rows whole": (agreement(0.9), -0.1 * 2 / 3),
    "agreement, 70 % of rows whole": (agreement(0.7), -0.3 * 2 / 3),
    "two graded scores, beta(8, 2)": (lambda chance, n: chance.beta(8, 2, n) - chance.beta(8, 2, n), 0),
    "a graded score against 1, beta(18, 2)": (lambda chance, n: chance.beta(18, 2, n) - 1, -0.1),
}
MEANS: dict[str, tuple[Draw, float]] = {
    "mean, binary, 90 %": (lambda chance, n: (chance.random(n) < 0.9) * 1.0, 0.9),
    "mean, binary, 60 %": (lambda chance, n: (chance.random(n) < 0.6) * 1.0, 0.6),
    "mean, thirds, 90 %": (lambda chance, n: chance.binomial(3, 0.9, n) / 3, 0.9),
    "mean, beta(9, 1)": (lambda chance, n: chance.beta(9, 1, n), 0.9),
}
FALSE = ((0.03, 0.01), (0.05, 0.03), (0.025, 0.005), (0.02, 0.0), (0.12, 0.10), (0.08, 0.03), (0.15, 0.10))
EQUAL = (0.01, 0.06, 0.1, 0.2)
CLUSTERED = {
    "binary, pairs": (2, (0.6, 0.2, 0.2)),
    "binary, threes": (3, (0.6, 0.2, 0.2)),
    "binary, fives": (5, (0.6, 0.2, 0.2)),
    "binary, fives, rarely apart": (5, (0.9, 0.06, 0.04)),
    "graded, threes": (-3, (0.6, 0.2, 0.2)),
}
"""Turns of a conversation, negative for graded scores; shares of conversations that are alike, mostly lost and mostly won."""


def conversations(chance: np.random.Generator, n: int, turns: int, kinds: Sequence[float]) -> tuple[Values, list[int]]:
    """Differences of turns that fail together, and the conversation of each."""
    count = n // abs(turns)
    kind = chance.choice(3, count, p=kinds)
    names = np.repeat(np.arange(count), abs(turns))
    lose, win = np.array([0.02, 0.6, 0.02])[kind[names]], np.array([0.02, 0.02, 0.6])[kind[names]]
    drawn = chance.random(len(names))
    values = np.where(drawn < lose, -1.0, np.where(drawn < lose + win, 1.0, 0.0))
    if turns < 0:
        values = values * chance.choice([1 / 3, 2 / 3, 1.0], len(names))
    return values, names.tolist()


def of_difference(values: Values, clusters: list[int] | None = None) -> tuple[float, float]:
    """The interval of differences, as scores of two sides whose difference they are."""
    found = paired_difference(np.maximum(values, 0).tolist(), np.maximum(-values, 0).tolist(), clusters)
    return found.low, found.high


def of_mean(values: Values) -> tuple[float, float]:
    """The interval of scores."""
    found = mean_interval(values.tolist())
    return found.low, found.high


def counted(experiments: int, truth: float, interval: Callable[[], tuple[float, float]]) -> tuple[float, float, float]:
    """(holds, above, below), each in per cent."""
    above = below = 0
    for _ in range(experiments):
        low, high = interval()
        above, below = above + (low > truth), below + (high < truth)
    return tuple(100 * part / experiments for part in (experiments - above - below, above, below))


def coverage(experiments: int, chance: np.random.Generator) -> None:
    print(f"\n{'coverage (above, below)':40}" + "".join(f"{f'n = {n}':>22}" for n in ROWS))
    for name, (draw, truth) in DIFFERENCES.items():
        line(name, [counted(experiments, truth, lambda d=draw, n=n: of_difference(d(chance, n))) for n in ROWS])
    for name, (draw, truth) in MEANS.items():
        line(name, [counted(experiments, truth, lambda d=draw, n=n: of_mean(d(chance, n))) for n in ROWS])
    for name, (turns, kinds) in CLUSTERED.items():
        truth = (kinds[2] - kinds[1]) * 0.58 * (1 if turns > 0 else 2 / 3)
        line(
            f"clustered, {name}",
            [
                counted(
                    experiments, truth, lambda n=n, t=turns, k=kinds: of_difference(*conversations(chance, n, t, k))
                )
                for n in ROWS
            ],
        )


def line(name: str, found: Sequence[tuple[float, float, float]]) -> None:
    print(f"{name:40}" + "".join(f"{f'{a:.1f} ({b:.1f}, {c:.1f})':>22}" for a, b, c in found), flush=True)


def keeps_up(values: Values, margin: float) -> bool:
    """As the verdict has it."""
    low, _ = of_difference(values)
    luck = (values != 0).sum() < LUCK and len(values) < fewest_rows(margin) and low <= 0
    return bool(low > -margin and not luck)


def false_verdicts(experiments: int, chance: np.random.Generator) -> None:
    print(f"\n{'found to keep up at exactly the margin':40}" + "".join(f"{f'n = {n}':>22}" for n in ROWS))
    for lose, win in FALSE:
        found = [
            100 * sum(keeps_up(outcomes(lose, win)(chance, n), lose - win) for _ in range(experiments)) / experiments
            for n in ROWS
        ]
        print(
            f"{f'lose {100 * lose:g} % win {100 * win:g} %':40}" + "".join(f"{one:>22.1f}" for one in found), flush=True
        )


def power(experiments: int, chance: np.random.Generator) -> None:
    print("\nequally good students that are decided, measured (as the plan says)")
    for margin in (0.02, 0.05):
        for differing in EQUAL:
            draw, cells = outcomes(differing / 2, differing / 2), []
            for n in (150, 300, 420, 600):
                share = sum(keeps_up(draw(chance, n), margin) for _ in range(experiments)) / experiments
                cells.append(f"n {n}: {100 * share:.0f} ({100 * decided_share(n, margin, differing):.0f})")
            print(
                f"margin {100 * margin:g}, {100 * differing:g} % differ".ljust(40)
                + "  ".join(f"{c:>16}" for c in cells),
                flush=True,
            )


def ranges(experiments: int, chance: np.random.Generator) -> None:
    print("\nrows that would decide: range holds the truth; 10th and 90th percentile of its ends")
    for margin in (0.02, 0.05):
        for differing in EQUAL[1:]:
            truth = required_rows(differing**0.5, margin)
            for n in (50, 150):
                found = [
                    rows_needed(outcomes(differing / 2, differing / 2)(chance, n).tolist(), margin)
                    for _ in range(experiments)
                ]
                equal = [one for one in found if one is not None and one.if_equal]
                held = sum(one.low <= truth <= (one.high or truth) for one in equal) / max(1, len(equal))
                ends = np.percentile(
                    [[one.low, one.high or np.inf] for one in equal], [10, 90], axis=0, method="nearest"
                )
                print(
                    f"margin {100 * margin:g}, {100 * differing:g} % differ, n = {n}".ljust(40),
                    f"truth {truth:,.0f}: {100 * held:.1f} of {len(equal)} ranges; low {ends[0][0]:,.0f} to {ends[1][0]:,.0f}, "
                    f"high {ends[0][1]:,.0f} to {ends[1][1]:,.0f}", flush=True,
                )  # fmt: skip


PARTS = {"coverage": coverage, "false": false_verdicts, "power": power, "rows": ranges}


def main() -> None:
    """The tables that are asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--experiments", type=int, default=2000)
    asked.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    given = asked.parse_args()
    chance, started = np.random.default_rng(0), time.monotonic()
    for part in given.parts:
        PARTS[part](given.experiments, chance)
    print(f"\n{given.experiments:,} experiments a cell, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
