"""Keep as many samples of each stratum as its quota says: those that edge cases need, then a spread of good ones."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import zip_longest

import numpy as np
import polars as pl
from numpy.typing import NDArray

from distill.curate.gates.scoring import by_worth
from distill.curate.selection.chooser import NO_ROWS, Chooser, FullStratum, RowNumbers, filled
from distill.curate.selection.diversity import apart
from distill.records import GOLD, Json
from distill.tables.outcome import WHYS, Outcome, ordered, parted

Floor = tuple[Mapping[str, str], int]
"""An edge case: (labels that a row must have, how many such rows are picked before all others)."""
Spread = tuple[list[float], list[float]]
"""Distances of the rows kept of a stratum, and of as many picked by hash."""
MEASURED, SAMPLED = 64, 512
"""Strata whose spread is measured, at most, and rows of each."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many rows of each stratum are kept, and which.

    Within a stratum: rows that a floor needs, then approved ones, then others up to its quota, chosen `by`

        score      the highest score, then a hash of the seed_id
        diverse    variety of input and answer by `weight`, and the score, 0 to 1, by the rest; see `diversity`

    A stratum without a quota is not limited. A floor never lifts a stratum above its quota.
    """

    quotas: Mapping[str, int]
    floors: Sequence[Floor] = ()
    by: str = "diverse"
    weight: float = 0.5


def balance(frame: pl.DataFrame, wanted: Wanted) -> Outcome:
    """Keep what is wanted. The report's `spread` is how far apart the rows kept are, beside as many picked by hash alone."""
    rows = ordered(frame)
    choice = choose(rows, wanted)
    outcome = parted(rows, choice.whys(), stage="balance")
    return Outcome(outcome.kept, outcome.dropped, outcome.report | choice.report, outcome.rejected)


def choose(
    rows: pl.DataFrame,
    wanted: Wanted,
    lost: RowNumbers = NO_ROWS,
    before: NDArray[np.bool_] | None = None,
    measured: Collection[str] | None = None,
) -> Choice:
    """What `balance` decides of ordered rows without those that are `lost` already; where some of what was picked `before` is lost,
    the rest of it stays and others fill the gaps.

    A stratum's choice depends on its own rows, and on those of strata that share an edge case with it: rows of others may be left out.
    `measured` are then the strata whose spread is measured (`to_measure`).
    """
    if not rows.height:
        return Choice(np.zeros(0, np.bool_), rows["score"], {}, wanted, {})
    names, strata = rows["stratum"].unique().sort().to_list(), (rows["stratum"].rank("dense") - 1).to_numpy()
    chooser = Chooser(rows, strata.astype(np.int64), _digests(rows["seed_id"]), wanted.by == "diverse", wanted.weight)
    rank, gold = _by_score(rows, chooser.digests), (rows["teacher"] == GOLD).to_numpy()
    rank = rank[~np.isin(rank, lost)]
    left = [wanted.quotas.get(name, rows.height) for name in names]
    picked = _needed(rows, rank, wanted.floors, left, chooser)
    before = np.zeros(rows.height, np.bool_) if before is None else before
    members = {names[chooser.strata[group[0]]]: group for group in chooser.by_stratum(rank)}
    full = [name for name, group in members.items() if wanted.quotas.get(name, rows.height) < len(group)]
    for name in members.keys() - set(full):
        picked[members[name]] = True
    parts = [FullStratum(np.sort(members[name]), members[name], wanted.quotas[name]) for name in full]
    for part, own in zip(parts, filled(chooser, parts, picked, before, gold), strict=True):
        picked[part.places] = own
    over = [name for name, group in members.items() if not picked[group].all()]
    some = to_measure(over) if measured is None else [name for name in over if name in measured]
    return Choice(
        picked, rows["score"], members, wanted, {name: _spread(chooser, members[name], picked) for name in some}
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows stay (`picked`, a mark a row), and what says why the others do not."""

    picked: NDArray[np.bool_]
    scores: pl.Series
    members: Mapping[str, RowNumbers]
    """The rows of each stratum, best first."""
    wanted: Wanted
    spread: Mapping[str, Spread]
    """Of strata over their quota."""

    @property
    def report(self) -> dict[str, Json]:
        """What is said of the spread, where any was measured."""
        return spread_report(self.spread)

    def whys(self) -> pl.DataFrame:
        """(index, reason, detail) of each row that goes, as `parted` takes it."""
        found = [self._of(name, group) for name, group in self.members.items() if not self.picked[group].all()]
        return pl.concat([pl.DataFrame(schema=WHYS), *found]).sort("index")

    def _of(self, name: str, group: RowNumbers) -> pl.DataFrame:
        """Their places by score, which equal ones share with their first."""
        own, quota, over = self.scores.gather(group), self.wanted.quotas[name], ~self.picked[group]
        new = pl.select(own.ne_missing(own.shift(1)).alias("new"))["new"].to_numpy()
        place = np.maximum.accumulate(np.where(new, np.arange(len(group)), 0)) + 1
        tie = pl.when(pl.col("place") <= quota).then(pl.lit(", a hash chose among equals")).otherwise(pl.lit(""))
        how = pl.lit(", others add more variety") if self.wanted.by == "diverse" else tie
        said = pl.format("quota of {}: {} of {}; place {} by score{}", pl.lit(name), quota, len(group), "place", how)
        return pl.DataFrame({"index": group[over], "place": place[over]}).select(
            pl.col("index").cast(pl.Int64), pl.lit("over_quota").alias("reason"), said.alias("detail")
        )


def _digest(seed: str) -> bytes:
    return blake2b(seed.encode(), digest_size=8).digest()


def _digests(seeds: pl.Series) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(map(_digest, seeds)), ">u8").astype(np.uint64)


def _by_score(rows: pl.DataFrame, digests: NDArray[np.uint64]) -> RowNumbers:
    """Indices of all rows, approved ones first, then the highest score, of equal ones by the hash."""
    order = by_worth(rows)
    scores, other = rows["score"].fill_null(0.0).to_numpy()[order], (rows["teacher"] != GOLD).to_numpy()[order]
    return order[np.lexsort((digests[order], -scores, rows["score"].is_null().to_numpy()[order], other))]


def _needed(
    rows: pl.DataFrame, rank: RowNumbers, floors: Sequence[Floor], left: Sequence[int], chooser: Chooser
) -> NDArray[np.bool_]:
    """Which rows edge cases need, each up to its floor; a row counts for every edge case it belongs to."""
    known = {text: json.loads(text) for text in rows["labels"].unique()} if floors else {}
    room, picked = list(left), np.zeros(rows.height, np.bool_)
    for where, at_least in floors:
        fitting = [text for text, own in known.items() if all(own.get(name) == value for name, value in where.items())]
        fits = rank[rows["labels"].is_in(fitting).to_numpy()[rank]]
        still = at_least - int(picked[fits].sum())
        for i in _fair(fits, still, chooser) if chooser.diverse else fits.tolist():
            if still <= 0:
                break
            if not picked[i] and room[chooser.strata[i]] > 0:
                picked[i] = True
                room[chooser.strata[i]] -= 1
                still -= 1
    return picked


def _fair(fits: RowNumbers, count: int, chooser: Chooser) -> Iterator[int]:
    """The first choice of each stratum, then the second of each, and so on; the stratum of the best row is the first."""
    place = {int(i): at for at, i in enumerate(fits)}
    groups = sorted(chooser.by_stratum(fits), key=lambda group: place[int(group[0])])
    lines = [chooser.first(group, count).tolist() for group in groups]
    return (i for level in zip_longest(*lines) for i in level if i is not None)


def to_measure(over: Iterable[str]) -> list[str]:
    """The strata over their quota whose spread is measured."""
    return sorted(over, key=_digest)[:MEASURED]


def _spread(chooser: Chooser, group: RowNumbers, picked: NDArray[np.bool_]) -> Spread:
    """The distance of each row kept of a stratum to the nearest one kept, and of as many rows picked by hash."""
    order = chooser.hashed(group)
    chosen = order[picked[order]][:SAMPLED]
    if len(chosen) < 2:
        return [], []
    parts = (chooser.rows.select("input", "answer")[some] for some in (chosen, order[: len(chosen)]))
    far, by_hash = (apart(part["input"].to_list(), part["answer"].to_list()).tolist() for part in parts)
    return far, by_hash


def spread_report(measured: Mapping[str, Spread]) -> dict[str, Json]:
    """The means over all strata that were measured."""
    ordered_names = to_measure(measured)
    chosen = [far for name in ordered_names for far in measured[name][0]]
    by_hash = [far for name in ordered_names for far in measured[name][1]]
    if not chosen:
        return {}
    means = {way: round(sum(far) / len(far), 4) for way, far in (("chosen", chosen), ("by_hash", by_hash))}
    return {"spread": {"rows": len(chosen)} | means}
