"""Students made on purpose, by their answers: one that copies, one that collapses, one that forgets, and a healthy one."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence

from distill.evaluate.probes.asked.general_set import GeneralQuestion, general_set
from distill.evaluate.probes.rows import AnsweredRow, ProbeRows

NOUNS = [
    "lamp",
    "kettle",
    "bicycle",
    "jacket",
    "printer",
    "sofa",
    "blender",
    "phone",
    "carpet",
    "mirror",
    "ladder",
    "tent",
    "clock",
    "stove",
    "drill",
]
FAULTS = [
    "arrived broken",
    "never came",
    "makes a strange noise",
    "has the wrong colour",
    "stopped after a week",
    "lacks a screw",
]
CURES = [
    "send another one",
    "pay the price back",
    "repair it without charge",
    "ask the carrier",
    "offer a voucher",
    "call a technician",
]
TIMES = [
    "tomorrow",
    "within three days",
    "by the end of the week",
    "next Monday",
    "after we hear from the shop",
    "within an hour",
]
PLACES = ["Leeds", "Bern", "Porto", "Gdansk", "Turin", "Lyon", "Malmo", "Graz", "Ghent", "Bath"]
OPENERS = [
    "Thank you for telling us",
    "We are sorry to read",
    "It is a pity",
    "That should not happen",
    "We have looked into it and see",
]
Say = Callable[[int, str, str], str]
"""(row, input, the teacher's answer) → the student's."""


def message(chance: random.Random) -> str:
    return f"My {chance.choice(NOUNS)} from {chance.choice(PLACES)} {chance.choice(FAULTS)}, order {chance.randrange(10**6)}."


def reply(asked: str, chance: random.Random) -> str:
    """What a good agent says: in words of its own, in one to three sentences."""
    noun = asked.split()[1]
    parts = [
        f"{chance.choice(OPENERS)} that the {noun} of order {asked.rsplit(maxsplit=1)[-1].strip('.')} is not as it should be.",
        f"We will {chance.choice(CURES)} {chance.choice(TIMES)}, and our people in {chance.choice(PLACES)} know about it.",
        f"Until then please keep the {noun} and its box in {chance.choice(PLACES)}, for {chance.choice(TIMES)} we may want to see it.",
    ]
    return " ".join(parts[: chance.randint(1, 3)])


@functools.cache
def training() -> list[tuple[str, str]]:
    """200 rows: (input, answer)."""
    chance = random.Random(7)
    return [(asked := message(chance), reply(asked, chance)) for _ in range(200)]


def rows(say: Say, *, n: int = 80) -> ProbeRows:
    """A task of free replies: 200 training rows, and `n` test rows that the student answers by `say`."""
    chance, train, answered = random.Random(8), training(), []
    for i in range(n):
        asked = message(chance)
        teacher = reply(asked, chance)
        answered.append(AnsweredRow(f"s{i:03}", asked, say(i, asked, teacher), teacher))
    losses = [{"train_loss": 2.0 / step, "valid_loss": None} for step in range(1, 21)] + [
        {"train_loss": None, "valid_loss": 0.2}
    ]
    even = {row.seed_id: float(i % 5 != 0) for i, row in enumerate(answered)}
    return ProbeRows(answered, train, losses, {("student", "m"): even, ("teacher", "m"): dict(even)}, "m")


def healthy(i: int, asked: str, teacher: str) -> str:
    return reply(asked, random.Random(1000 + i))


def copying(i: int, asked: str, teacher: str) -> str:
    """Another training row's answer at each test row."""
    return training()[i][1]


def collapsed(i: int, asked: str, teacher: str) -> str:
    return "Thank you for your message, we will look into it and come back to you as soon as we can."


def right(question: GeneralQuestion) -> str:
    """A right answer to a question of the general set."""
    import json

    if question.kind == "json":
        return json.dumps(question.answer)
    return question.answer[0] if isinstance(question.answer, list) else str(question.answer)


def general(share: float) -> Sequence[str]:
    """Answers to the general set of which a share is right, and the others are the task's own."""
    count = round(share * len(general_set()))
    return [right(one) if n < count else '{"mood": "glad"}' for n, one in enumerate(general_set())]
