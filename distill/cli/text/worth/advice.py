"""Advice for people: the word with its reason and sums, as lines, and as a table in Markdown to keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from distill.cli.text.worth.roi import dollars, input_line, number
from distill.text.markdown import escaped

if TYPE_CHECKING:
    from distill.advise.approach import Advice, UnknownAnswer
    from distill.advise.situation import Situation


def advice_lines(found: Advice) -> list[str]:
    """The word first, then the sums, the rules in their order, and what is open."""
    lines = [f"{found.word}: {found.sentence}", *(f"  note: {note}" for note in found.notes)]
    lines += ["", "sums:", *(f"  {name}: {value}" for name, value in _sums(found))]
    lines += ["", "rules, of which the first that applies gives the word:"]
    lines += [f"  {_mark(found, n)}  {rule.when} → {rule.word}" for n, rule in enumerate(found.rules)]
    lines += ["", "answers:", *(f"  {name}: {value}" for name, value in _answers(found.known))]
    lines += ["", "assumed:", *(f"  {input_line(one)}" for one in found.assumed)]
    if found.unknown:
        lines += ["", "not known, and what it would change:", *(f"  {_open(one)}" for one in found.unknown)]
    return lines


def advice_page(found: Advice) -> str:
    """The same as Markdown."""
    lines = [f"# Advice: {found.word}", "", escaped(found.sentence), ""]
    lines += [*(f"- {escaped(note)}" for note in found.notes), *([""] if found.notes else [])]
    lines += _table(("sum", "amount"), _sums(found))
    lines += _table(
        ("rule", "advice", "applies"),
        [(rule.when, rule.word, _mark(found, n).strip() or "no") for n, rule in enumerate(found.rules)],
    )
    lines += _table(("question", "answer"), _answers(found.known))
    lines += _table(
        ("assumed", "value", "source"),
        [(one.name.replace("_", " "), f"{number(one.value or 0.0)} {one.unit}", one.source) for one in found.assumed],
    )
    if found.unknown:
        lines += _table(("not known", "what it would change"), [(one.asked, _would(one)) for one in found.unknown])
    return "\n".join(lines).rstrip() + "\n"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(escaped(cell) for cell in row)} |" for row in rows), ""]


def _mark(found: Advice, n: int) -> str:
    first = next(m for m, rule in enumerate(found.rules) if rule.applies)
    return "yes " if n == first else "also" if found.rules[n].applies and n < len(found.rules) - 1 else "    "


def _sums(found: Advice) -> list[tuple[str, str]]:
    sums = found.sums
    pays = (
        "unknown"
        if sums.day is None
        else "never"
        if sums.saving_day is not None and sums.saving_day <= 0
        else "unknown"
    )
    return [
        ("one call today", dollars(sums.call)),
        ("a day today", dollars(sums.day)),
        ("a year today", dollars(sums.year)),
        ("to make a student: rows at today's price, and hours of people", dollars(sums.build)),
        ("a student of one's own, a day: its machine, retraining and repairs", dollars(sums.student_day)),
        ("today's model tuned at its host, a day", dollars(sums.tuned_day)),
        ("a student saves a day", dollars(sums.saving_day)),
        ("it has paid for itself after", pays if sums.days is None else f"{sums.days:,.0f} days"),
    ]


def _answers(known: Situation) -> list[tuple[str, str]]:
    price = (
        "unknown"
        if known.price is None
        else f"{known.price.input:g}/{known.price.output:g} $ a million tokens in and out"
    )
    facts = {None: "unknown", True: "yes", False: "no"}[known.facts]
    kinds = "free text" if known.kinds == 0 else _number(known.kinds)
    return [
        ("calls a day", _number(known.calls_a_day)),
        ("prompt tokens of a call", _number(known.prompt_tokens)),
        ("completion tokens of a call", _number(known.completion_tokens)),
        ("price", price),
        ("what is wrong today", _words(known.wrong)),
        ("what was tried", _words(known.tried)),
        ("inputs at hand", _number(known.rows)),
        ("labelled answers", _number(known.labelled)),
        ("changes of the task a year", _number(known.changes)),
        ("needs facts that change", facts),
        ("different answers", kinds),
    ]


def _number(value: float | None) -> str:
    return "unknown" if value is None else number(value)


def _words(words: frozenset[str] | None) -> str:
    return "unknown" if words is None else ", ".join(sorted(words)) or "nothing"


def _open(one: UnknownAnswer) -> str:
    return f"{one.option}  {one.asked}: {_would(one)}"


def _would(one: UnknownAnswer) -> str:
    if not one.would:
        return "alone would not change the advice"
    return "; ".join(f"{value} → {word}" for value, word in one.would.items())
