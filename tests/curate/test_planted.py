"""Faults planted among clean rows, one in twenty of each kind: nearly all are caught, and hardly a clean row goes with them."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from distill.curate.dedup.duplicates import duplicates
from distill.curate.gates.registry import run_gates
from distill.curate.leaks import HeldOut, leaks

ROWS = 1200
SCHEMA = {
    "type": "object",
    "properties": {"intent": {"enum": ["refund", "delivery", "repair"]}, "summary": {"type": "string"}},
    "required": ["intent", "summary"],
}
GATES: list[tuple[str, dict[str, Any]]] = [
    ("schema", {"schema": SCHEMA}), ("finish_reason", {}), ("refusal", {}), ("boilerplate", {}), ("echo", {}),
    ("repetition", {}), ("language", {}), ("secrets", {}), ("pii", {}), ("length", {"spread": 6}),
]  # fmt: skip
THINGS = [
    "kettle",
    "lamp",
    "chair",
    "blender",
    "carpet",
    "printer",
    "toaster",
    "heater",
    "mirror",
    "fan",
    "shelf",
    "jacket",
    "watch",
    "router",
    "speaker",
    "tent",
]
PLACES = [
    "Oslo",
    "Lyon",
    "Graz",
    "Turin",
    "Porto",
    "Leeds",
    "Ghent",
    "Basel",
    "Malmo",
    "Cork",
    "Vigo",
    "Bonn",
    "Nantes",
    "Pisa",
    "Bergen",
    "Utrecht",
]
FAULTS = (
    "stopped working after two days", "came with a crack along its side", "never arrived although it was paid for",
    "is far louder than the picture promised", "smells of burnt plastic when I switch it on",
    "has lost its colour in the first wash", "was delivered to the neighbour instead of me",
    "shows an error that the manual does not explain",
)  # fmt: skip
WISHES = (
    "please send me a new one", "I would like my money back", "tell me when somebody can repair it",
    "I want to know where it is now", "please call off the order altogether", "could you send me the missing part",
)  # fmt: skip
FOREIGN = (
    "Der Kunde möchte sein Geld zurück, weil das Gerät nach zwei Tagen nicht mehr funktioniert.",
    "Le client souhaite être remboursé parce que l'appareil ne fonctionne plus depuis hier.",
    "El cliente quiere que le devuelvan el dinero porque el aparato dejó de funcionar.",
)
INTENTS = ("refund", "delivery", "repair")


def clean(number: int, draw: random.Random) -> dict[str, Any]:
    thing, place, fault, wish = (draw.choice(words) for words in (THINGS, PLACES, FAULTS, WISHES))
    days, order = draw.randrange(2, 90), draw.randrange(10**5, 10**6)
    # The number in the middle keeps rows of the same pieces from sharing 13 words in a row, which would be a leak.
    said = f"The {thing} that I bought in {place} {days} days ago as number {order} {fault}, {wish}; my order is of shop {draw.randrange(999)}."
    summary = f"The customer says that the {thing} from {place} {fault} and writes: {wish}."
    answer = json.dumps({"intent": draw.choice(INTENTS), "summary": summary})
    return row(number, said, answer)


def row(number: int, said: str, answer: str, **more: Any) -> dict[str, Any]:
    prompt = json.dumps([{"role": "user", "content": said}])
    tokens = len(answer) // 4
    return {
        "seed_id": f"s{number:05}",
        "input": said,
        "prompt": prompt,
        "answer": answer,
        "completion_tokens": tokens,
        **more,
    }


def with_summary(change: Callable[[dict[str, Any], random.Random], str]) -> Callable[..., dict[str, Any]]:
    def plant(base: dict[str, Any], draw: random.Random) -> dict[str, Any]:
        answer = json.loads(base["answer"])
        answer["summary"] = change(base, draw)
        return base | {"answer": json.dumps(answer, ensure_ascii=False)}

    return plant


PLANTED: dict[str, Callable[[dict[str, Any], random.Random], dict[str, Any]]] = {
    "refusal": with_summary(lambda _base, draw: draw.choice(["I'm sorry, but I can't help with that.", "I cannot assist with this request."])),
    "cut JSON": lambda base, draw: base | {"answer": base["answer"][: -draw.randrange(2, 30)]},
    "wrong language": with_summary(lambda _base, draw: draw.choice(FOREIGN)),
    "repeated phrases": with_summary(lambda _base, draw: f"The customer wants {draw.choice(WISHES)} " + "and waits for an answer " * 5),
    "leaked key": with_summary(lambda _base, draw: f"Use sk-{'proj'}-{draw.randrange(16**24):024x} to look the order up."),
    "e-mail address": with_summary(lambda _base, draw: f"Write to {draw.choice(THINGS)}.{draw.randrange(99)}@mail-{draw.randrange(9)}.com about the order."),
    "copy of the prompt": with_summary(lambda base, _draw: base["input"]),
}  # fmt: skip


@pytest.mark.slow
def test_planted_faults_are_caught_and_clean_rows_stay(
    frame: Callable[..., pl.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    """At least 95 % of each kind, at most 1 % of what is clean; printed by kind with `pytest -s`."""
    draw = random.Random(3)
    rows = [clean(number, draw) for number in range(ROWS)]
    kinds: dict[str, str] = {}
    made = iter(range(ROWS, 10 * ROWS))
    for kind, plant in PLANTED.items():
        for number in [next(made) for _ in range(ROWS // 20)]:
            rows.append(plant(clean(number, draw), draw))
            kinds[f"s{number:05}"] = kind
    tests = []
    for kind in ("near-duplicate", "contradiction", "test row"):
        for number in [next(made) for _ in range(ROWS // 20)]:
            base = rows[draw.randrange(ROWS)] if kind != "test row" else clean(number, draw)
            said = base["input"].replace("; my order", ", my order").replace("The ", "the ", 1)
            intent = (
                next(one for one in INTENTS if one not in base["answer"])
                if kind == "contradiction"
                else json.loads(base["answer"])["intent"]
            )
            answer = json.dumps({"intent": intent, "summary": json.loads(base["answer"])["summary"]})
            rows.append(row(number, said, answer))
            kinds[f"s{number:05}"] = kind
            if kind == "test row":
                tests.append(HeldOut(f"t{number:05}", base["input"]))
    samples = frame(*rows)
    gated = run_gates(samples, GATES)
    unique = duplicates(gated.kept, near=0.85)
    told = leaks(unique.kept, held_out=tests, near=0.85)
    kept = set(told.kept["seed_id"])
    planted, caught = Counter(kinds.values()), Counter(kind for seed, kind in kinds.items() if seed not in kept)
    lost = [f"s{number:05}" for number in range(ROWS) if f"s{number:05}" not in kept]
    with capsys.disabled():
        lines = [f"  {kind:20} {caught[kind]:3} of {count}" for kind, count in planted.items()]
        sys.stdout.write("\n".join(["", *lines, f"  clean rows dropped   {len(lost):3} of {ROWS}", ""]))
    repeats = set(unique.dropped["row"])
    for kind, count in planted.items():
        assert caught[kind] >= 0.95 * count, kind
    # Of a planted near-duplicate and its row one stays, and it may be the planted one: those are no losses.
    assert sum(seed not in repeats for seed in lost) <= 0.01 * ROWS
    assert len(set(lost) & repeats) <= 2 * ROWS // 20
