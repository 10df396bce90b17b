"""A million samples through curation: every gate that needs no model, duplicates, leaks, balance, split and export.

    python benchmarks/curation.py --count 10000 100000 1000000

Each size runs in a process of its own. Prints one JSON object a size: seconds by step, rows a second, and the most memory
the process held. Texts are made here: inputs of 12 to 40 words, answers that are JSON with a text of 15 to 40 words; one
row in ten is a near copy of another, one in fifty has a fault that a gate is there for.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from distill import memory as heap
from distill.records import Answer, Ended, Usage

if TYPE_CHECKING:
    from distill.curate.leaks import HeldOut
    from distill.similarity.graph import Graph

SCHEMA = {
    "type": "object",
    "properties": {
        "intent": {"enum": [f"intent {n}" for n in range(20)]},
        "urgency": {"enum": ["low", "normal", "high"]},
        "reply": {"type": "string", "maxLength": 600},
    },
    "required": ["intent", "urgency", "reply"],
    "additionalProperties": False,
}
FAULTS = (
    "I'm sorry, but I can't help with that.",
    '{"intent": "intent 1", "urgency": "low", "reply": "cut',
    json.dumps({"intent": "intent 2", "urgency": "low", "reply": "write to jo@mail.org about it"}),
    json.dumps({"intent": "intent 3", "urgency": "low", "reply": "again and again " * 20}),
)
SETTINGS = [
    ("schema", {"schema": SCHEMA}),
    ("finish_reason", {}),
    ("refusal", {}),
    ("length", {"max_tokens": 400, "spread": 8}),
    ("boilerplate", {}),
    ("echo", {}),
    ("form", {"lacks": ["TODO"], "max_sentences": 40}),
    ("repetition", {}),
    ("language", {}),
    ("agreement", {}),
    ("secrets", {}),
    ("pii", {}),
]


def samples(count: int) -> pl.DataFrame:
    """A table of samples as a run makes it: from the seeds' table, and answers that come one by one."""
    from distill.tables import samples as answers

    chance = random.Random(11)
    made = [frame for start in range(0, count, 50_000) for frame in [_made(chance, start, min(start + 50_000, count))]]
    table = pl.concat(made).sort("seed_id")
    del made
    entries = (
        answers.SampleEntry(seed, seed, 0, "first", 0, _prompt(text), _answer(said))
        for seed, text, said in table.select("seed_id", "input", "said").iter_rows()
    )
    return answers.samples(table, entries)


def _made(chance: random.Random, start: int, stop: int) -> pl.DataFrame:
    """Some seeds, and what a teacher says of each."""
    rows, last = [], "first"
    for number in range(start, stop):
        again = chance.random() < 0.1
        text = last if again else " ".join(chance.choices(KNOWN, cum_weights=WEIGHTS, k=chance.randint(12, 40)))
        last = text
        text = f"{text} {number}" if chance.random() < 0.5 else text
        intent = f"intent {number % 20}"
        reply = " ".join(chance.choices(KNOWN, cum_weights=WEIGHTS, k=chance.randint(15, 40))) + "."
        good = json.dumps({"intent": intent, "urgency": "normal", "reply": reply})
        said = chance.choice(FAULTS) if chance.random() < 0.02 else good
        rows.append((f"{chance.getrandbits(128):032x}", intent, json.dumps({"intent": intent}), "", "", text, said))
    return pl.DataFrame(
        rows, schema=["seed_id", "stratum", "labels", "cluster", "group", "input", "said"], orient="row"
    )


def _prompt(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Sort the message."}, {"role": "user", "content": text}]


def _answer(said: str) -> Answer:
    return Answer("", Ended.OK, said, "stop", Usage(60, len(said) // 4), usd=0.0001, latency_s=0.5, model="made")


WORDS = """the order I my a to and it is not was with for please card you account when that this on have in of can bank
money refund late package update phone number address name change travel insurance plan flight weather today tomorrow
schedule meeting reminder list shopping song play music kitchen recipe calories restaurant book table credit score limit
payment bill due balance transfer savings checking fraud report lost stolen replace new old help need want would like how
what where who why never always again still broken works battery tire oil gas car uber lift traffic directions exchange
rate dollars euros pounds translate spanish french english spell define word meaning joke fun fact story"""
KNOWN = [word + end for end in ("", "s", "ing", "ed", "ly", "er") for word in WORDS.split()]
WEIGHTS = list(accumulate(1 / (rank + 3) for rank in range(len(KNOWN))))


@dataclass(slots=True)
class Laps:
    """What each step took: its seconds, and the memory's peak after it."""

    seconds: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        since = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - since, 2)
        self.peaks[name] = round(peak_mib())


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


Left = tuple[pl.DataFrame, int]
"""The samples that a step keeps, and how many it drops; nothing else of its outcome stays in memory."""


def gate(kept: pl.DataFrame, name: str, settings: Any) -> Left:
    from distill.curate.gates import registry

    outcome = registry.run_gates(kept, [(name, settings)])
    return outcome.kept, outcome.dropped.height


def unique(kept: pl.DataFrame, graph: Graph) -> Left:
    from distill.curate.dedup import duplicates

    outcome = duplicates.duplicates(kept, near=0.85, compare=["intent", "urgency"], graph=graph)
    return outcome.kept, outcome.dropped.height


def clean(kept: pl.DataFrame, tests: list[HeldOut]) -> Left:
    from distill.curate import leaks

    outcome = leaks.leaks(kept, held_out=tests, near=0.85)
    return outcome.kept, outcome.dropped.height


def selected(kept: pl.DataFrame, count: int, graph: Graph) -> Left:
    from distill.curate.selection import assemble
    from distill.curate.selection.balance import Wanted

    wanted = Wanted(quotas={f"intent {n}": count // 40 for n in range(20)}, floors=[({"intent": "intent 3"}, 40)])
    part = assemble.select(kept, wanted, valid=0.1, near=0.85, graph=graph)
    return part.kept, part.leaks.dropped.height + part.balance.dropped.height


def one(count: int, *, gated: bool) -> dict[str, object]:
    """All steps over so many samples."""
    from distill.curate.leaks import HeldOut
    from distill.similarity.graph import Graph
    from distill.student import export

    kept, dropped, laps = samples(count), 0, Laps()
    tests = [HeldOut(f"test{n}", text) for n, text in enumerate(kept["input"].head(2000))]
    before, started = peak_mib(), time.monotonic()
    with laps.lap("graph"):
        graph = Graph.of(kept["input"], threshold=0.85, typos=True)  # a run makes it once, from the seeds, and keeps it
    steps: list[tuple[str, Callable[[pl.DataFrame], Left]]] = [
        *((name, partial(gate, name=name, settings=settings)) for name, settings in SETTINGS[: None if gated else 1]),
        ("duplicates", partial(unique, graph=graph)),
        ("leaks", partial(clean, tests=tests)),
        ("balance, split and their leaks", partial(selected, count=count, graph=graph)),
    ]
    for name, step in steps:
        with laps.lap(name):
            kept, gone = step(kept)
        dropped += gone
    with laps.lap("export"), tempfile.TemporaryDirectory() as folder:
        export.write(kept, folder=Path(folder))
    whole = time.monotonic() - started
    assert kept.height + dropped == count, "a row vanished"
    return {
        "samples": count, "kept": kept.height, "dropped": dropped, "seconds": round(whole, 1), "samples_a_second": round(count / whole),
        "peak_mib": round(peak_mib()), "made_mib": round(before), "seconds_by_step": laps.seconds, "peak_mib_after_step": laps.peaks,
    }  # fmt: skip


def main() -> None:
    """Each size in a process of its own, so that its memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--no-gates", action="store_true", help="the first gate alone: what the steps after them take")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one, gated=not given.no_gates)))
        return
    heap.thrifty()  # as the command line does; the processes inherit it
    for count in given.count:
        subprocess.run([sys.executable, __file__, "--one", str(count), *sys.argv[1:][-1:] * given.no_gates], check=True)


if __name__ == "__main__":
    main()
