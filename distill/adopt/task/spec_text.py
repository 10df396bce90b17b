"""The task.yaml of an adopted tune: its rows as seeds, itself as the teacher, a base of one's own as the student."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill.money import Rate
from distill.records import Json
from distill.seeds.formats.file_format import RawRow
from distill.starter.logged_chats import REPLY
from distill.teacher.engines import embedded
from distill.text.tokens import count

LINEAR = "linear"
_LEAST_TESTS, _MOST_TESTS, _TEST_SHARE = 20, 400, 0.25
"""Test rows: a quarter, but so many that a comparison can say anything, as long as twice as many rows are there."""
_KNOWN = 0.9
"""Share of the rows with a known answer, from which these train as they stand."""
_MOST_EPOCHS = 10
_LEAST_TOKENS, _TIMES_LONGEST = 64, 2
"""Of an answer: a tune may say twice as much as the longest answer that it learnt, and is cut off behind that."""
_UNKNOWN_TOKENS = 1024
"""The same where no answer is known."""


@dataclass(frozen=True, slots=True)
class AdoptedSpec:
    """What the spec says, as far as it differs from tune to tune."""

    name: str
    model: str
    job_id: str
    training: str
    """Path of the rows, from the task's folder."""
    validation: str | None
    base: str
    """The student's: a model, or `linear`."""
    base_url: str | None = None
    key_env: str = "OPENAI_API_KEY"
    price: Rate | None = None
    last_day: str | None = None
    epochs: Json = None
    """Those of the job, where the host tells a number."""
    dark: bool = False
    """Whether the tune answers no more."""
    calls_tools: bool = False
    every_turn: bool = False


def spec_text(spec: AdoptedSpec, chats: Sequence[RawRow]) -> str:
    """The spec of the task of these chats."""
    known = sum(chat.get(REPLY) is not None for chat in chats)
    about = f"What {spec.model} (job {spec.job_id}) was trained to answer."
    parts = [
        f"task: {spec.name}", f"about: {_yaml(about)}", "", "seeds:", *_seeds(spec, len(chats), known), "",
        "teacher:                              # the old tune", *_teacher(spec, chats), "",
        "dataset: {temperature: 1}             # strata as they come",
        "student:", "  prompt: student.md", f"  train: {{{_train(spec)}}}",
        f"evaluate: {{margin: 0.05, arms: [{', '.join(_arms(spec))}]}}",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _seeds(spec: AdoptedSpec, rows: int, known: int) -> list[str]:
    trains = known >= _KNOWN * rows
    drawn = _drawn(rows) + (", gold: true" if trains else "")
    test = f"from: {_yaml(spec.validation)}" if spec.validation else drawn
    return [
        f"  from: {_yaml(spec.training)}",
        "  as: chats",
        *(
            [
                "  turns: every                        # earlier answers of a chat train too, as they did for the old tune"
            ]
            if spec.every_turn
            else []
        ),
        *(["  gold: reply                         # what the old tune was trained to answer"] if known else []),
        *(["  gold_rows: train"] if trains else []),
        f"  test: {{{test}}}    # held out: never trains",
        "  broken: drop                        # rows that cannot be used are left out, and listed",
    ]


def _drawn(rows: int) -> str:
    """How many rows are held out."""
    if _TEST_SHARE * rows > _MOST_TESTS:
        return f"rows: {_MOST_TESTS}"
    few = _TEST_SHARE * rows < _LEAST_TESTS and rows >= 2 * _LEAST_TESTS
    return f"rows: {_LEAST_TESTS}" if few else f"share: {_TEST_SHARE}"


def _teacher(spec: AdoptedSpec, chats: Sequence[RawRow]) -> list[str]:
    price = spec.price
    reasons = spec.model.removeprefix("ft:").startswith(("o1", "o3", "o4", "gpt-5", "gpt-6"))
    sampling = "temperature: null, max_tokens: 4000" if reasons else f"temperature: 0, max_tokens: {_longest(chats)}"
    return [
        f"  model: {_yaml(spec.model)}",
        *([f"  base_url: {_yaml(spec.base_url)}"] if spec.base_url else []),
        *([f"  key_env: {spec.key_env}"] if spec.key_env != "OPENAI_API_KEY" else []),
        *([f"  price: {_price(price)}  # dollars per million tokens; your bill is what counts"] if price else []),
        "  prompt: teacher.md",
        f"  sampling: {{{sampling}}}",
        *([f'  shutdown_date: "{spec.last_day}"'] if spec.last_day else []),
        '  terms: ""                           # what its terms allow; copied to the dataset card',
    ]


def _price(rate: Rate) -> str:
    cached = f", cached_input: {_dollars(rate.cached_input)}" if rate.cached_input is not None else ""
    return f"{{input: {_dollars(rate.input)}, output: {_dollars(rate.output)}{cached}}}"


def _dollars(usd: float) -> str:
    """Without an exponent, which YAML would read as a text."""
    return f"{usd:.9f}".rstrip("0").rstrip(".")


def _train(spec: AdoptedSpec) -> str:
    if spec.calls_tools and spec.base == embedded.MODEL:
        return "with: none"
    if spec.base == LINEAR:
        return "with: linear"
    told = isinstance(spec.epochs, int) and not isinstance(spec.epochs, bool) and 1 <= spec.epochs <= _MOST_EPOCHS
    return f"with: lora, base: {_yaml(spec.base)}" + (f", epochs: {spec.epochs}" if told else "")


def _arms(spec: AdoptedSpec) -> list[str]:
    """Those that can be asked: a tune that is dark cannot, a linear student has no base."""
    trained = _train(spec)
    student = [] if trained == "with: none" else ["student"] if spec.base == LINEAR else ["base", "student"]
    return [*([] if spec.dark and student else ["teacher"]), *student]


def _longest(chats: Sequence[RawRow]) -> int:
    """The most tokens of an answer, in round numbers."""
    longest = max((count(_said(chat.get(REPLY))) for chat in chats), default=0)
    if not longest:
        return _UNKNOWN_TOKENS
    return max(_LEAST_TOKENS, -(-_TIMES_LONGEST * longest // 64) * 64)


def _said(reply: Json) -> str:
    return reply if isinstance(reply, str) else json.dumps(reply) if isinstance(reply, Mapping) else ""


def _yaml(text: str | None) -> str:
    """A text as YAML on one line; JSON's quotes are YAML's."""
    return json.dumps(text or "", ensure_ascii=False)
