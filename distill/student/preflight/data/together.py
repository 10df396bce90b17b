"""What only the rows of a file together show: repeats, system prompts, lengths that stand out, labels out of balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from distill.records import Json
from distill.similarity.pairs import near_pairs
from distill.student.preflight.data.rows import Row
from distill.student.preflight.findings import Findings, Grade, shown
from distill.student.trainers.linear import FEWEST_ROWS, closed_fields
from distill.text.normalise import normalise, strict_json
from distill.values.answer import WHOLE

NEAR = 0.9
"""Overlap of character 4-grams from which texts are near-duplicates here."""
_USUAL = 0.05
"""Share of rows up to which repeats that are not exact are worth a note and no more."""
_SHORT, _LONG, _TYPICAL = 20, 20, 100
"""A turn that is so many times shorter or longer than the median of its role stands out; where the median is short, only length does."""
_LONG_AT_LEAST = 2000
_DOMINATES, _FEW = 0.9, 5
_NAMED = 3
"""System prompts that are shown."""


def check(rows: Sequence[Row], found: Findings, *, file: str) -> None:
    """Note what is wrong with the rows of a file as a whole."""
    if not rows:
        return
    repeats = _duplicates(rows)
    found.many("duplicate", repeats, file=file)
    again = {line for line, _ in repeats}
    for name, some in (("near_duplicate", _near(rows, again)), ("other_answer", _other_answers(rows, again))):
        found.many(name, some, file=file, grade=_grade(len(some), len(rows)))
    _systems(rows, found, file)
    _lengths(rows, found, file)
    _labels([row.answer for row in rows], found, file)
    _preferences(rows, found, file)


def asked(rows: Sequence[Row]) -> list[str]:
    """What tells the questions apart: without the words that all of them begin and end with."""
    prompts = [row.prompt for row in rows]
    if len(set(prompts)) < 2:
        return prompts
    head = _shared(prompts)
    tail = _shared([prompt[head:][::-1] for prompt in prompts])
    return [prompt[head : len(prompt) - tail] for prompt in prompts]


def _shared(texts: Sequence[str]) -> int:
    """With how many characters all of them begin: as many as the first and the last in their order do."""
    pairs = zip(min(texts), max(texts), strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(map(len, texts)))


def _grade(count: int, rows: int) -> Grade:
    return "warning" if count > _USUAL * rows else "note"


def _duplicates(rows: Sequence[Row]) -> list[tuple[int, str]]:
    first: dict[tuple[str, ...], int] = {}
    found = []
    for row in rows:
        line = first.setdefault((row.system, row.prompt, row.answer, row.rejected), row.line)
        if line != row.line:
            found.append((row.line, f"as line {line}"))
    return found


def _near(rows: Sequence[Row], but: set[int]) -> list[tuple[int, str]]:
    """Rows whose question is near an earlier row's; each is named once, with the earliest."""
    left = [(row, text) for row, text in zip(rows, asked(rows), strict=True) if row.line not in but]
    earlier: dict[int, tuple[int, float]] = {}
    for i, j, value in near_pairs([text for _, text in left], threshold=NEAR):
        if left[i][0].prompt != left[j][0].prompt:
            earlier.setdefault(j, (i, value))
    return [
        (left[j][0].line, f"as line {left[i][0].line}, {value:.0%} alike") for j, (i, value) in sorted(earlier.items())
    ]


def _other_answers(rows: Sequence[Row], but: set[int]) -> list[tuple[int, str]]:
    first: dict[tuple[str, str], Row] = {}
    found = []
    for row in rows:
        before = first.setdefault((row.system, row.prompt), row)
        if before.answer != row.answer and row.line not in but:
            found.append((row.line, f"line {before.line} answers {shown(before.answer)}, this one {shown(row.answer)}"))
    return found


def _systems(rows: Sequence[Row], found: Findings, file: str) -> None:
    prompts = Counter(row.system for row in rows)
    without = prompts.pop("", 0)
    if len(prompts) > 1:
        lines = {row.system: row.line for row in reversed(rows)}
        each = [f"line {lines[text]} {shown(text)} ({count:,} rows)" for text, count in prompts.most_common(_NAMED)]
        found.add("several_system_prompts", said=f"{len(prompts)} different: {', '.join(each)}", file=file)
    if prompts and without:
        found.add("system_in_some", said=f"{without:,} of {len(rows):,} rows have none", file=file)


def _lengths(rows: Sequence[Row], found: Findings, file: str) -> None:
    texts = {
        "user": [(row.line, text) for row in rows for text in row.users],
        "answer": [(row.line, row.answer) for row in rows],
    }
    for role, each in texts.items():
        if len(each) < FEWEST_ROWS:
            continue
        usual = median(len(text) for _, text in each)
        for line, text in each:
            size = len(text.strip())
            if usual >= _TYPICAL and 0 < size * _SHORT < usual:
                said = f"{role}: {size} characters, the median is {usual:.0f}: {shown(text)}"
                found.add("very_short_turn", line, said, file=file, grade="warning" if role == "answer" else "note")
            if size > max(_LONG_AT_LEAST, _LONG * usual):
                found.add("over_long_turn", line, f"{role}: {size:,} characters, the median is {usual:.0f}", file=file)


def _labels(answers: Sequence[str], found: Findings, file: str) -> None:
    """Closed answers, whole or by field: one that crowds out the others, spellings of one, and rare ones."""
    if len(answers) > 1 and len(set(answers)) == 1:
        found.add("answers_alike", said=shown(answers[0]), file=file)
        return
    if len(answers) < FEWEST_ROWS:
        return
    by_field = [_fields(answer) for answer in answers]
    for name in closed_fields(by_field):
        counts = Counter(str(one[name]) for one in by_field if name in one)
        for kind, said in _unbalanced(counts):
            found.add(kind, said=said if name == WHOLE else f"{name}: {said}", file=file)


def _fields(answer: str) -> Mapping[str, Json]:
    try:
        value = strict_json(answer)
    except ValueError:
        return {WHOLE: answer}
    return (
        {name: one for name, one in value.items() if isinstance(one, str | bool)}
        if isinstance(value, dict)
        else {WHOLE: answer}
    )


def _unbalanced(counts: Counter[str]) -> Iterator[tuple[str, str]]:
    spellings: dict[str, list[str]] = {}
    for value in counts:
        spellings.setdefault(normalise(value), []).append(value)
    for each in spellings.values():
        if len(each) > 1:
            yield "label_spellings", ", ".join(f"{shown(value)} ({counts[value]})" for value in each)
    top, most = counts.most_common(1)[0]
    if len(counts) > 1 and most >= _DOMINATES * counts.total():
        yield "one_label_dominates", f"{shown(top)} {most / counts.total():.0%} of {counts.total():,}"
    if rare := [value for value, count in counts.items() if count < _FEW]:
        yield "rare_label", ", ".join(f"{shown(value)} ({counts[value]})" for value in rare[:8])


def _preferences(rows: Sequence[Row], found: Findings, file: str) -> None:
    pairs = [(len(row.answer), len(row.rejected)) for row in rows if row.layout == "preference"]
    if len(pairs) < FEWEST_ROWS:
        return
    chosen, rejected = (median(sizes) for sizes in zip(*pairs, strict=True))
    if chosen > 2 * max(rejected, 1):
        found.add("chosen_longer", said=f"a median of {chosen:.0f} characters, the others {rejected:.0f}", file=file)
