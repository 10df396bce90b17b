"""Gates on the words of an answer: no refusal, no talk of being a model, and the rules of format that the task has.

Patterns look at text only, at the texts inside an answer that is JSON; nothing of it is executed. `refusal` alone may also
ask models, about the answers in which its patterns find nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

import polars as pl

from distill.curate.gates.judge.gate import LookUp, decided
from distill.curate.gates.refusals import REFUSALS
from distill.curate.gates.scoring import Fail, SampleRow, judged
from distill.curate.gates.settings import AtLeast, IfUnscored
from distill.similarity.pairs import jaccard, shingles
from distill.similarity.sketches import SHINGLE
from distill.tables.outcome import Outcome, ordered, summary
from distill.text import patterns
from distill.text.normalise import normalise, strict_json

BOILERPLATE = re.compile(
    "|".join(
        [
            r"\bas an? (ai|artificial intelligence|(large )?language model|llm)\b",
            r"\bi('m| am) (just |only )?an? (ai|language model|virtual assistant|chatbot)\b",
            r"\bmy (knowledge cutoff|training data)\b",
            r"\bas of my (last|latest) (update|training|knowledge)\b",
            r"\bi (don't|do not) have (personal (opinions|feelings|experiences)|access to real-time)\b",
            r"\b(als ki-modell|als sprachmodell|en tant que modèle de langage|como modelo de lenguaje)\b",
            r"\bhere('s| is) (the|your) (json|answer|response|requested)\b",
            r"\[(your|insert|company|customer)[ _][a-z _]{2,30}\]",
        ]
    )
)
"""What assistants say of themselves, and blanks that were left to fill; written against normalised text."""


def refusal(
    frame: pl.DataFrame, *, phrases: Sequence[str] = (), judge: bool = False, at_least: AtLeast = 4.0,
    unscored: IfUnscored = "drop", verdicts: LookUp | None = None,
) -> Outcome:  # fmt: skip
    """Drops answers that decline, by the endpoint's own mark or by how they, or a text in their JSON, begin.

    `phrases` are further openings, compared after `normalise`; they are plain text, not patterns. With `judge` what the
    patterns let pass is judged too, by a rubric that ships; `at_least` and `unscored` are then as for the gate `judge`, and
    without `verdicts` no row has any.
    """
    by_pattern = judged(frame, "refusal", _declines(phrases))
    if not judge:
        return by_pattern
    look_up = verdicts or (lambda rows: [()] * rows.height)
    by_judge = decided(by_pattern.kept, "refusal", look_up, at_least, unscored)
    dropped = pl.concat([by_pattern.dropped, by_judge.dropped])
    return Outcome(
        kept=by_judge.kept,
        dropped=dropped,
        report=summary("refusal", frame.height, dropped)
        | {name: by_judge.report[name] for name in ("judged", "spread")},
        rejected=ordered(pl.concat([by_pattern.rejected, by_judge.rejected], how="diagonal")),
    )


def _declines(phrases: Sequence[str]) -> Callable[[SampleRow], Fail]:
    """Why a row is a refusal by the endpoint's mark or by a pattern, if it is."""
    openings = tuple(normalise(phrase) for phrase in phrases if phrase.strip())

    def look(row: SampleRow) -> Fail:
        if row["refusal"]:
            return "refusal", f"marked by the endpoint: {row['refusal'][:80]!r}"
        for text in texts(row["answer"]):
            plain = normalise(text)
            if REFUSALS.match(plain) or plain.startswith(openings):
                return "refusal", f"begins {text.strip()[:80]!r}"
        return None

    return look


def boilerplate(frame: pl.DataFrame, *, phrases: Sequence[str] = ()) -> Outcome:
    """Drops answers that speak of being a model, or leave blanks such as [your name]; `phrases` are further plain texts."""
    more = tuple(normalise(phrase) for phrase in phrases if phrase.strip())

    def judge(row: SampleRow) -> Fail:
        for text in texts(row["answer"]):
            plain = normalise(text)
            hit = BOILERPLATE.search(plain)
            said = hit[0] if hit else next((phrase for phrase in more if phrase in plain), None)
            if said is not None:
                return "boilerplate", f"says {said[:80]!r}"
        return None

    return judged(frame, "boilerplate", judge)


_SHORT = 2_000
"""Up to so many characters a 4-gram is found faster in the text than in a set of its grams."""
_WHOLE = 0.6
_SHORTEST_TURN = 40


def echo(frame: pl.DataFrame, *, near: float = 0.9, min_chars: int = 20) -> Outcome:
    """Drops answers of which a text repeats the input: character 4-grams alike from `near` on, or 60 % of it copies.

    Other system and user turns of the prompt count from 40 characters on, by copies alone; texts, and inputs to be copied,
    count from `min_chars` on.
    """

    def judge(row: SampleRow) -> Fail:
        said = [normalise(text) for text in texts(row["answer"]) if len(text) >= min_chars]
        asked = normalise(row["input"]) if said else ""
        for text in said:
            if not _unlike(text, asked, near) and (value := jaccard(shingles(text), shingles(asked))) >= near:
                return "echo", f"repeats the input: similarity {value:.2f}, limit {near}"
            if len(asked) >= min_chars and (share := _copies(text, asked)) >= _WHOLE:
                return "echo", f"copies of the input fill {share:.0%} of it, less than {_WHOLE:.0%} is required"
        if longest := max(map(len, said), default=0):
            for turn in _turns(row["prompt"], longest):
                if (share := max(_copies(text, turn) for text in said)) >= _WHOLE:
                    return (
                        "echo",
                        f"copies of a turn of the prompt fill {share:.0%} of it, less than {_WHOLE:.0%} is required",
                    )
        return None

    return judged(frame, "echo", judge)


def _copies(text: str, part: str) -> float:
    """The share of a text that whole copies of the part fill."""
    return text.count(part) * len(part) / len(text) if part and text else 0.0


def _turns(prompt: str, longest: int) -> list[str]:
    """System and user turns, normalised, that are long enough to be a copy by no chance and fit into `longest` characters.

    Not the assistant's: what it said in an example may well be the right answer again.
    """
    if longest < _SHORTEST_TURN:
        return []
    turns = [turn["content"] for turn in json.loads(prompt) if turn["role"] not in ("assistant", "tool")]
    plain = (normalise(turn) for turn in turns if isinstance(turn, str) and len(turn) >= _SHORTEST_TURN)
    return [turn for turn in plain if _SHORTEST_TURN <= len(turn) <= longest]


def _unlike(one: str, other: str, near: float) -> bool:
    """Whether so many 4-grams of the one are not in the other that they cannot be near: most pairs show it at once."""
    allowed = (1 - near) * (len(one) - SHINGLE + 1) + 1e-9
    there = other if len(other) <= _SHORT else _grams(other)
    seen: set[str] = set()
    missing = 0
    for i in range(len(one) - SHINGLE + 1):
        gram = one[i : i + SHINGLE]
        if gram in seen:
            continue
        seen.add(gram)
        if gram not in there:
            missing += 1
            if missing > allowed:
                return True
    return False


def _grams(text: str) -> set[str]:
    return {text[i : i + SHINGLE] for i in range(len(text) - SHINGLE + 1)}


def form(
    frame: pl.DataFrame, *, matches: str | None = None, contains: Sequence[str] = (), lacks: Sequence[str] = (),
    min_sentences: int = 0, max_sentences: int | None = None,
) -> Outcome:  # fmt: skip
    """Keeps answers that obey the task's rules: a pattern for the whole, texts it must or must not hold, its sentences.

    `matches` is a Python regular expression of the task's author, with a time limit for each answer; texts are compared
    as they are. A pattern that is stopped again and again ends the step (`patterns.GivenUp`): no row is lost by it.
    """
    patience = patterns.Patience("the gate `form`, `matches`", "; answers are kept, and none is paid for again")

    def judge(row: SampleRow) -> Fail:
        answer = row["answer"]
        if row["tool_calls"] and not answer:
            return None
        fail = _mismatch(matches, answer, patience) or _wrong_texts(answer, contains, lacks)
        fail = fail or _sentence_count(sentences(answer), min_sentences, max_sentences)
        return ("form", fail) if fail else None

    return judged(frame, "form", judge)


def _mismatch(pattern: str | None, answer: str, patience: patterns.Patience) -> str:
    """Why an answer does not match; nothing where it does."""
    try:
        return "" if pattern is None or patterns.matches_whole(pattern, answer) else f"does not match {pattern!r}"
    except patterns.TooSlow as slow:
        patience.note(slow)
        return str(slow)


def _wrong_texts(answer: str, contains: Sequence[str], lacks: Sequence[str]) -> str:
    """Which text an answer should hold or lack; nothing where all is well."""
    if missing := next((text for text in contains if text not in answer), None):
        return f"does not hold {missing!r}"
    unwanted = next((text for text in lacks if text in answer), None)
    return f"holds {unwanted!r}" if unwanted else ""


def _sentence_count(count: int, fewest: int, most: int | None) -> str:
    if count < fewest or (most is not None and count > most):
        return f"{count} sentences, expected {fewest} to {most if most is not None else 'any'}"
    return ""


_END = re.compile(r"[.!?\u2026]+(?=[\s\"'\u201d)]|$)|[\u3002\uff01\uff1f]|\n\s*\n")


def sentences(text: str) -> int:
    """Sentences of a text, by what ends one in Latin, Chinese and Japanese writing; a last one without an end counts."""
    return sum(1 for part in _END.split(text) if part.strip(" \t\n\"'\u201d)"))


def texts(answer: str) -> list[str]:
    """The answer, and where it is JSON the texts inside it."""
    try:
        layer = [strict_json(answer)]
    except ValueError:
        return [answer]
    texts = []
    while layer:
        value = layer.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict | list):
            layer.extend(value.values() if isinstance(value, dict) else value)
    return texts
