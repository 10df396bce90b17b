"""Rows with nearly the same input whose answers contradict each other, and what can be done about them.

`distill.curate.dedup.duplicates.conflicts` lists them. Then a teacher may be asked again and each row's answers vote (`settle`, `vote`),
or a person decides: `rows_to_decide` are written for them to fill in, and `decisions` reads what they decided.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from distill.curate.gates import agreement
from distill.curate.gates.scoring import by_worth
from distill.errors import Fault, SpecError
from distill.records import Json, canonical
from distill.tables.outcome import Outcome, ordered, partition
from distill.text.normalise import strict_json
from distill.values.answer import WHOLE
from distill.values.match import same
from distill.values.rules import Rules

_NO_RULES = Rules()
_SHOWN = 60
"""Characters of an answer in a detail."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A group of rows that contradict each other."""

    rows: Mapping[str, Mapping[str, Json]]
    """seed_id → the fields compared, as its answer has them."""
    fields: Sequence[str]
    """The fields in which not all agree."""


def conflict(rows: Mapping[str, Mapping[str, Json]], rules: Rules = _NO_RULES) -> Conflict:
    """A group of rows with the fields in which they differ."""
    first, *others = rows.values()
    names = [name for name in first if any(not same(first[name], one.get(name), rules, (name,)) for one in others)]
    return Conflict(rows, names)


def clash(one: str, other: str, compare: Sequence[str], rules: Rules = _NO_RULES) -> str:
    """The first field in which two answers differ, with both values; empty where they agree or have none."""
    left, right = values(one, compare), values(other, compare)
    if left.keys() != right.keys():
        return ""
    name = next((name for name in left if not same(left[name], right[name], rules, (name,))), None)
    if name is None:
        return ""
    what = "it" if name == WHOLE else name
    return f"{what} is {canonical(left[name])} here and {canonical(right[name])} there"


def values(answer: str, compare: Sequence[str]) -> dict[str, Json]:
    """The compared fields of an answer, null where it lacks one, or {"answer": value} of a plain value; else nothing."""
    return agreement.compared_fields(answer, compare) or {}


def settle(answers: Mapping[str, Sequence[str]]) -> dict[str, str | None]:
    """For each row what more than half of its answers say; None, which is to abstain, where nothing has that majority.

    An answer is given as what it comes to (`agreement.comparable_texts`); one that failed is left out and votes for nothing.
    """
    settled: dict[str, str | None] = {}
    for row, votes in answers.items():
        word, count = max(Counter(votes).items(), key=lambda vote: vote[1], default=("", 0))
        settled[row] = word if 2 * count > len(votes) else None
    return settled


def vote(
    frame: pl.DataFrame, *, rows: Collection[str], compare: Sequence[str] = (), rules: Rules = _NO_RULES
) -> Outcome:
    """Of each of `rows` (seed_ids) keep the best answer of its strict majority; where there is none, which is a
    `conflict` with itself, no answer of it stays.

    `compare` are the fields that must agree, without any the whole answer; `rules` say how. All other rows stay as they are.
    """
    samples = ordered(frame)
    asked, seeds = set(rows), samples["seed_id"].to_list()
    words = _words(samples, asked, compare, rules)
    votes: dict[str, list[str]] = defaultdict(list)
    for i, word in words.items():
        votes[seeds[i]].append(word)
    settled = settle(votes)
    kept: dict[str, int] = {}
    for i in by_worth(samples).tolist():
        if i in words and words[i] == settled[seeds[i]]:
            kept.setdefault(seeds[i], i)
    drops = {}
    for i, word in words.items():
        seed, cast = seeds[i], Counter(votes[seeds[i]])
        count = cast.total()
        if settled[seed] is None:
            said_so = ", ".join(f"{number} × {text[:_SHOWN]}" for text, number in sorted(cast.items(), key=_most_first))
            drops[i] = ("conflict", f"no majority among {count} answers: {said_so}")
        elif word != settled[seed]:
            drops[i] = ("outvoted", f"{cast[word]} of {count} answers say this")
        elif kept[seed] != i:
            drops[i] = ("another_answer", "another answer to this row that says the same is kept")
    return partition(samples, drops, stage="vote")


def _words(samples: pl.DataFrame, asked: Collection[str], compare: Sequence[str], rules: Rules) -> dict[int, str]:
    """What each answer of the rows asked comes to, by its place."""
    places: dict[str, list[int]] = defaultdict(list)
    for i, seed in enumerate(samples["seed_id"]):
        if seed in asked:
            places[seed].append(i)
    told = samples.select("answer", "tool_calls")
    found = {
        i: word
        for own in places.values()
        for i, word in zip(own, agreement.comparable_texts(told[own].to_dicts(), compare, rules), strict=True)
    }
    return dict(sorted(found.items()))


def _most_first(cast: tuple[str, int]) -> tuple[int, str]:
    return -cast[1], cast[0]


def rows_to_decide(found: Iterable[Conflict], frame: pl.DataFrame) -> list[dict[str, Json]]:
    """A row for each row in conflict, to be written as JSON Lines: whoever decides fills in `right`."""
    groups, best = list(found), dict[str, dict[str, Json]]()
    samples = ordered(frame.filter(pl.col("seed_id").is_in([seed for group in groups for seed in group.rows])))
    for i in by_worth(samples).tolist():
        best.setdefault(samples["seed_id"][i], samples.row(i, named=True))
    return [
        {
            "seed_id": seed,
            "input": best[seed]["input"],
            "answer": best[seed]["answer"],
            "against": [other for other in conflict.rows if other != seed],
            "fields": conflict.fields,
            "right": None,
        }
        for conflict in groups
        for seed in conflict.rows
    ]


def decisions(text: str, *, source: str, wrong: Callable[[str], str] = lambda _: "") -> dict[str, str]:
    """seed_id → the right answer, of every line that has one; SpecError with all faults of the file.

    `right` is the answer as a text, or as a JSON value, which becomes canonical JSON. `wrong` says why an answer
    cannot be one of the task's, or nothing.
    """
    found: dict[str, str] = {}
    faults = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            seed, answer = _decision(line) if line.strip() else ("", None)
        except ValueError as fault:
            faults.append(Fault(f"{source}:{number}", str(fault)))
            continue
        if answer is not None and (why := wrong(answer)):
            faults.append(Fault(f"{source}:{number}", f"`right` of row {seed!r} is no answer of this task: {why}"))
        elif answer is not None and found.setdefault(seed, answer) != answer:
            message = f"row {seed!r} is decided twice, differently; keep one of the two lines"
            faults.append(Fault(f"{source}:{number}", message))
    if faults:
        raise SpecError(source, faults)
    return found


def _decision(line: str) -> tuple[str, str | None]:
    row = strict_json(line)
    if not isinstance(row, dict) or not isinstance(row.get("seed_id"), str) or "right" not in row:
        raise ValueError(f'{line[:80]!r}: expected an object with "seed_id", as it was written, and "right"')
    right = row["right"]
    return row["seed_id"], right if right is None or isinstance(right, str) else canonical(right)
