"""Keep as many samples of each stratum as its quota says: those that edge cases need, then a spread of good ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import zip_longest

import polars as pl

from distill.curate.outcome import Outcome, by_worth, ordered, partition
from distill.curate.spread import apart, spread
from distill.records import GOLD, Json

Floor = tuple[Mapping[str, str], int]
"""An edge case: (labels that a row must have, how many such rows are picked before all others)."""
MEASURED, SAMPLED = 64, 512
"""Strata whose spread is measured, at most, and rows of each."""


def balance(
    frame: pl.DataFrame,
    *,
    quotas: Mapping[str, int],
    floors: Sequence[Floor] = (),
    by: str = "diverse",
    weight: float = 0.5,
) -> Outcome:
    """Within a stratum: rows that a floor needs, then approved ones, then others up to its quota, chosen `by`

        score      the highest score, then a hash of the seed_id
        diverse    variety of input and answer by `weight`, and the score, 0 to 1, by the rest; see `curate.spread`

    A stratum without a quota is not limited. A floor never lifts a stratum above its quota. The report's `spread` is
    how far apart the rows kept are, beside as many picked by hash alone.
    """
    rows = ordered(frame)
    strata = rows["stratum"].to_list()
    digests = [_digest(seed) for seed in rows["seed_id"]]
    rank, gold = _by_score(rows, digests), (rows["teacher"] == GOLD).to_list()
    left = {name: quotas.get(name, rows.height) for name in set(strata)}
    choice = _Choice(rows, strata, digests, by == "diverse", weight)
    needed = _needed(rows, rank, floors, left, choice)
    picked = set(needed)
    members: dict[str, list[int]] = {}
    for i in rank:
        members.setdefault(strata[i], []).append(i)
    for name, group in members.items():
        for approved in (True, False):
            taken = [i for i in group if i in picked]
            others = [i for i in group if i not in picked and gold[i] is approved]
            room = max(0, left[name] - len(taken))
            picked.update(choice.first(others, room, taken)[:room])
    scores = rows["score"].to_list()
    drops = {
        i: ("over_quota", _why(name, quotas[name], place, len(group), by))
        for name, group in members.items()
        for place, i in zip(_places([scores[i] for i in group]), group, strict=True)
        if i not in picked
    }
    outcome = partition(rows, drops, stage="balance")
    measured = _spread(choice, members, picked)
    report = outcome.report | ({"spread": measured} if measured else {})
    return Outcome(outcome.kept, outcome.dropped, report, outcome.rejected)


@dataclass(frozen=True, slots=True)
class _Choice:
    """How rows of one stratum are chosen among."""

    rows: pl.DataFrame
    strata: Sequence[str]
    digests: Sequence[bytes]
    diverse: bool
    weight: float

    def hashed(self, group: Sequence[int]) -> list[int]:
        """Rows in the order of the hash of their seed."""
        return sorted(group, key=lambda i: (self.digests[i], i))

    def first(self, group: Sequence[int], count: int, taken: Sequence[int] = ()) -> list[int]:
        """`group`, which comes best first, with the `count` rows in front that are to be kept beside those taken."""
        if not self.diverse or not 0 < count < len(group):
            return list(group)
        order, held = self.hashed([*taken, *group]), set(taken)
        part = self.rows.select("input", "answer", "score")[order]
        chosen = spread(
            part["input"].to_list(), part["answer"].to_list(), _quality(part["score"].to_list()),
            count=count, weight=self.weight, taken=[n for n, i in enumerate(order) if i in held],
        )  # fmt: skip
        front = [order[n] for n in chosen]
        held.update(front)
        return front + [i for i in group if i not in held]


def _digest(seed: str) -> bytes:
    return blake2b(seed.encode(), digest_size=8).digest()


def _by_score(rows: pl.DataFrame, digests: Sequence[bytes]) -> list[int]:
    """Indices of all rows, approved ones first, then the highest score, of equal ones by the hash."""
    scores, gold = rows["score"].to_list(), (rows["teacher"] == GOLD).to_list()
    return sorted(by_worth(rows), key=lambda i: (not gold[i], scores[i] is None, -(scores[i] or 0.0), digests[i]))


def _quality(scores: Sequence[float | None]) -> list[float]:
    """Scores from 0 to 1; a row without one counts as the lowest of the others."""
    least = min((score for score in scores if score is not None), default=0.0)
    return [min(1.0, max(0.0, least if score is None else score)) for score in scores]


def _places(scores: Sequence[float | None]) -> Iterator[int]:
    """The place of each of falling scores, from 1; equal ones share the first of theirs."""
    place = 1
    for n, score in enumerate(scores, 1):
        place = n if n == 1 or score != scores[n - 2] else place
        yield place


def _why(name: str, quota: int, place: int, of: int, by: str) -> str:
    tie = ", a hash chose among equals" if place <= quota else ""
    return f"quota of {name}: {quota} of {of}; place {place} by score{', others add more variety' if by == 'diverse' else tie}"


def _needed(
    rows: pl.DataFrame, rank: Sequence[int], floors: Sequence[Floor], left: Mapping[str, int], choice: _Choice
) -> list[int]:
    """The rows of each edge case to keep, up to its floor; a row counts for every edge case it belongs to."""
    known = {text: json.loads(text) for text in rows["labels"].unique()} if floors else {}
    labels = [known[text] for text in rows["labels"]] if floors else []  # few differ, so rows share them
    strata = choice.strata
    room = dict(left)
    picked: dict[int, None] = {}
    for where, at_least in floors:
        fits = [i for i in rank if all(labels[i].get(name) == value for name, value in where.items())]
        still = at_least - sum(i in picked for i in fits)
        for i in _fair(fits, still, choice) if choice.diverse else fits:
            if still > 0 and i not in picked and room[strata[i]] > 0:
                picked[i] = None
                room[strata[i]] -= 1
                still -= 1
    return list(picked)


def _fair(fits: Sequence[int], count: int, choice: _Choice) -> Iterator[int]:
    """The first choice of each stratum, then the second of each, and so on."""
    groups: dict[str, list[int]] = {}
    for i in fits:
        groups.setdefault(choice.strata[i], []).append(i)
    lines = [choice.first(group, count) for group in groups.values()]
    return (i for level in zip_longest(*lines) for i in level if i is not None)


def _spread(choice: _Choice, members: Mapping[str, list[int]], picked: set[int]) -> dict[str, Json]:
    """Mean distance of a row kept to the nearest one kept of its stratum, and of as many rows picked by hash."""
    over = [name for name, group in members.items() if sum(i in picked for i in group) < len(group)]
    ways: dict[str, list[float]] = {"chosen": [], "by_hash": []}
    for name in sorted(over, key=_digest)[:MEASURED]:
        order = choice.hashed(members[name])
        chosen = [i for i in order if i in picked][:SAMPLED]
        if len(chosen) < 2:
            continue
        for way, some in (("chosen", chosen), ("by_hash", order[: len(chosen)])):
            part = choice.rows.select("input", "answer")[some]
            ways[way] += apart(part["input"].to_list(), part["answer"].to_list()).tolist()
    if not ways["chosen"]:
        return {}
    return {"rows": len(ways["chosen"])} | {way: round(sum(far) / len(far), 4) for way, far in ways.items()}
