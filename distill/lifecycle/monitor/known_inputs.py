"""What a run knew of inputs: its training rows, and how long its seeds were, in which languages, and of which labels.

The limits leave out one seed in 200: of length at both ends together, and of nearness. How often a seed is flagged when it is held against
the others is the run's own rate, which stands in `counts`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from distill.curate.gates.language import detected_in_short, detected_language
from distill.evaluate.selective.nearness import TrainingTexts, training_texts
from distill.lifecycle.monitor.signals import FAR, LANGUAGE, LENGTH, SHOWS, STRATUM
from distill.records import content_id
from distill.similarity.arrays import Float64s

_BEYOND = 0.005
"""Share of the seeds that lies beyond a limit."""
_SEEDS = 5_000
"""Seeds that are held against the training rows, chosen by a hash."""
_ITSELF = 1 - 1e-5
_LONG = 200
"""Characters from which a text whose language is unclear is not looked at again as a short one."""


@dataclass(frozen=True, slots=True)
class Count:
    """`hits` of `rows`."""

    hits: int
    rows: int


@dataclass(frozen=True, slots=True)
class KnownInputs:
    """`labels` are the values of each label; `counts` how many of the run's own seeds are flagged, by signal."""

    near: TrainingTexts
    floor: float
    lengths: tuple[int, int]
    languages: frozenset[str]
    labels: Mapping[str, frozenset[str]]
    counts: Mapping[str, Count]


def known_inputs(seeds: pl.DataFrame, trained: Sequence[str], near: TrainingTexts | None = None) -> KnownInputs:
    """Of a run's seeds (input, labels) that no model wrote, and of the inputs that trained; `near` are the vectors of these where a run
    has saved them."""
    texts = sorted(set(seeds["input"].drop_nulls()), key=lambda text: content_id("monitor", text))[:_SEEDS]
    found = near or training_texts(trained)
    apart = to_others(found, texts, set(trained))
    floor, far = _low_end(apart)
    sizes = sorted(map(len, texts))
    beyond = int(len(sizes) * _BEYOND / 2)
    lengths = (sizes[beyond], sizes[-1 - beyond])
    spoken = Counter(said for text in texts if (said := language_of(text)) is not None)
    labels = _labels(seeds)
    counts = {
        FAR: Count(far, len(texts) + 1),
        LENGTH: Count(sum(not lengths[0] <= size <= lengths[1] for size in sizes) + 2, len(sizes) + 2),
        LANGUAGE: Count(sum(count == 1 for count in spoken.values()), max(1, spoken.total())),
    }  # fmt: skip
    if labels:
        alone = {(name, value) for name, values in labels.items() for value, count in values.items() if count == 1}
        rows = max(1, seeds["labels"].drop_nulls().len())
        counts[STRATUM] = Count(len(alone), rows)
    named = {name: frozenset(values) for name, values in labels.items()}
    return KnownInputs(found, floor, lengths, frozenset(spoken), named, counts)


def to_others(near: TrainingTexts, texts: Sequence[str], trained: Collection[str]) -> Float64s:
    """The nearness of each text; of a text that trained, that to another one."""
    own = np.array([text in trained for text in texts], dtype=np.bool_)
    found = np.zeros(len(texts))
    found[~own] = near.nearest([text for text in texts if text not in trained])
    if own.any():
        found[own] = _second(near, [text for text in texts if text in trained])
    return found


def input_flags(texts: Sequence[str], known: KnownInputs, *, near: Collection[int]) -> pl.DataFrame:
    """Of each text whether it is far, of an odd length, in another language; `near` are the places of those whose distance is computed,
    and of the others it is null. `nearness` is the distance itself."""
    places = sorted(near)
    found: list[float | None] = [None] * len(texts)
    for place, value in zip(places, known.near.nearest([texts[place] for place in places]).tolist(), strict=True):
        found[place] = value
    spoken = [language_of(text) for text in texts]
    return pl.DataFrame(
        {
            "input": texts, "nearness": pl.Series(found, dtype=pl.Float64),
            SHOWS + FAR: pl.Series([None if value is None else value < known.floor for value in found], dtype=pl.Boolean),
            SHOWS + LENGTH: [not known.lengths[0] <= len(text) <= known.lengths[1] for text in texts],
            SHOWS + LANGUAGE: pl.Series([None if said is None else said not in known.languages for said in spoken], dtype=pl.Boolean),
        }
    )  # fmt: skip


def label_flag(labels: str | None, known: Mapping[str, frozenset[str]]) -> bool | None:
    """Whether a call has a label value that no seed had; None where it has none of the labels."""
    given = json.loads(labels) if labels and labels != "{}" else {}
    own = [(name, str(given[name])) for name in known if given.get(name) is not None]
    return any(value not in known[name] for name, value in own) if own else None


def language_of(text: str) -> str | None:
    """The language of an input, where it can be told."""
    found = detected_language(text)
    return found if found or len(text) > _LONG else detected_in_short(text)


def _low_end(values: Float64s) -> tuple[float, int]:
    """(the limit that about one value in 200 is below, in how many of len(values) + 1 cases a further one would be)."""
    place = int(len(values) * _BEYOND)
    return float(np.sort(values)[place]), place + 1


def _second(near: TrainingTexts, texts: Sequence[str]) -> Float64s:
    """The nearness to the nearest training row that is not the text itself."""
    from distill.evaluate.selective.nearness import vectors_of

    found = np.zeros(len(texts))
    for start in range(0, len(texts), 256):
        cosines = (vectors_of(texts[start : start + 256]) @ near.vectors.T).toarray()
        rows = np.arange(cosines.shape[0])
        best = cosines.argmax(axis=1)
        cosines[rows, best] = np.where(cosines[rows, best] >= _ITSELF, 0.0, cosines[rows, best])
        found[start : start + 256] = cosines.max(axis=1, initial=0.0)
    return np.clip(np.round(found, 6), 0.0, 1.0)


def _labels(seeds: pl.DataFrame) -> dict[str, Counter[str]]:
    """Label → how many seeds have each value."""
    found: dict[str, Counter[str]] = {}
    for spelt in seeds["labels"].drop_nulls():
        for name, value in json.loads(spelt).items():
            found.setdefault(name, Counter())[str(value)] += 1
    return found
