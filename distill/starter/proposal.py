"""From the columns of a file to a proposal: which is the input, which the known answer, of what kind, and what the strata are.

What a person says comes first. What is not said is taken where only one column can be meant; else `Unclear` holds the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from distill.errors import UsageError
from distill.seeds.rows_to_seeds import OWN_IDS
from distill.starter.column_names import ABOUT, ANSWERS, CONTEXTS, HEADINGS, INPUTS, QUESTIONS, SPLITS, named
from distill.starter.columns import ColumnFacts, ColumnKind
from distill.text.normalise import did_you_mean

AnswerKind = Literal["none", "label", "number", "object", "list", "text"]
NONE = "none"
_WORDS = ("_text", "_name", " text", " name")
"""What the name of a column ends in that has the words for another one's numbers."""
_STRATA = 2
_ROWS_A_STRATUM = 5
_MOST_VALUES = 12
_TIMES_LONGER = 3
"""So much longer than all others is the text that is meant: those are names and notes."""
_ANSWER_KINDS: dict[ColumnKind, AnswerKind] = {
    "label": "label", "object": "object", "number": "number", "list": "list", "text": "text", "id": "text", "date": "text",
}  # fmt: skip


class Unclear(UsageError):
    """A choice that only a person can make. `option` is the command line's; `choices` are the columns."""

    def __init__(self, question: str, option: str, choices: Sequence[str]) -> None:
        super().__init__(f"{question} Say {option} with one of: {', '.join(choices)}")
        self.question, self.option, self.choices = question, option, choices


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a task of these rows is. `taken` says what was not asked, for people."""

    inputs: Sequence[str]
    """One column, or those that make one input together, in the order in which they are read."""
    answer: str | None
    kind: AnswerKind
    values: Sequence[str]
    """Of an answer that is a label, commonest first."""
    strata: Sequence[str]
    rows: int
    known: int
    """Rows with the answer."""
    taken: Sequence[str]
    own_id: str | None = None
    """The column of the rows' own ids, where it has to be named."""


def propose(
    columns: Sequence[ColumnFacts], rows: int, *, inputs: Sequence[str] = (), answer: str | None = None
) -> Proposal:
    """The proposal; UsageError for a column that is not there or cannot be meant, Unclear where several may be meant."""
    check_named(columns, inputs, answer)
    taken = []
    if not inputs:
        inputs = _inputs([column for column in columns if column.name != answer])
        taken.append(f"the input is {' with '.join(f'`{name}`' for name in inputs)}")
    found = answer_of([column for column in columns if column.name not in inputs], rows, answer)
    if answer is None:
        taken.append(f"the known answer is `{found.name}`" if found else "no column is taken for the known answer")
    kind = _ANSWER_KINDS.get(found.kind, "none") if found else "none"
    strata = strata_of(columns, rows, {*inputs, *([found.name] if found and kind != "label" else [])})
    if strata:
        taken.append(f"strata are {', '.join(f'`{name}`' for name in strata)}")
    return Proposal(
        inputs=tuple(inputs), answer=found.name if found else None, kind=kind, values=found.values if found else (),
        strata=strata, rows=rows, known=found.filled if found else 0, taken=taken, own_id=_own_id(columns, rows, found),
    )  # fmt: skip


def check_named(columns: Sequence[ColumnFacts], inputs: Sequence[str], answer: str | None) -> None:
    """UsageError where a person names a column that is not there, is empty, or is both the input and the answer."""
    by_name = {column.name: column for column in columns}
    for option, name in (*(("--input", name) for name in inputs), ("--answer", answer)):
        if name is None or (option == "--answer" and name == NONE and NONE not in by_name):
            continue
        if name not in by_name:
            known = ", ".join(by_name)
            raise UsageError(f"{option} {name}: no such column{did_you_mean(name, by_name)}; the file has {known}")
        if by_name[name].kind == "empty":
            raise UsageError(f"{option} {name}: the column is empty in all rows that were read; name another")
    if answer is not None and answer in inputs:
        raise UsageError(f"--input and --answer both name {answer}; the answer cannot be its own input")


def _inputs(columns: Sequence[ColumnFacts]) -> list[str]:
    texts = [column for column in columns if column.kind == "text"]
    answers = {column.name for column in named(texts, ANSWERS)}
    own = [column for column in texts if column.name not in answers] or texts or named(columns, INPUTS)
    whole = _whole(own)
    beside = named(own, CONTEXTS) if named(own, QUESTIONS) else []
    heads = named(own, HEADINGS)
    body = [column for column in own if column not in beside and column not in heads] or own
    main = _main(body, columns)
    around = [column.name for column in (*beside, *heads) if column is not main and column.name in whole]
    return [*around, main.name]


def _whole(columns: Sequence[ColumnFacts]) -> set[str]:
    """Those of the columns that are filled in all rows in which any is: a part of an input may not be missing."""
    most = max((column.filled for column in columns), default=0)
    return {column.name for column in columns if column.filled == most}


def _main(body: Sequence[ColumnFacts], columns: Sequence[ColumnFacts]) -> ColumnFacts:
    """The column that is the input; Unclear where it may be several, or none."""
    if len(body) == 1:
        return body[0]
    if not body:
        others = [column.name for column in columns if column.kind != "empty"]
        raise Unclear("No column looks like a text to answer. Which one is the input?", "--input", others)
    called = named(body, INPUTS)
    first, second = sorted(body, key=lambda column: -column.mean_length)[:2]
    if called and (len(called) == 1 or called[0] == first):
        return called[0]
    if not called and first.mean_length >= _TIMES_LONGER * second.mean_length:
        return first
    raise Unclear("Which column is the input?", "--input", [column.name for column in body])


def answer_of(columns: Sequence[ColumnFacts], rows: int, said: str | None = None) -> ColumnFacts | None:
    """The column of the known answer: the one that is said, the only one whose name says so, the only label or object there
    is, or the only number; None where there is no other.
    """
    if said is not None:
        return next((column for column in columns if column.name == said), None)
    may = [column for column in columns if column.distinct > 1]  # what is the same for all rows answers nothing
    called = _spelt_out(columns, named([column for column in may if column.kind in _ANSWER_KINDS], ANSWERS))
    about = {column.name for column in named(columns, ABOUT)}
    may = [column for column in may if column.name not in about and 2 * column.filled >= rows]
    closed = [column for column in may if column.kind in ("label", "object", "list")]
    choices = called or closed or [column for column in may if column.kind == "number"]
    if len(choices) <= 1:
        return choices[0] if choices else None
    raise Unclear("Which column is the known answer?", "--answer", [*(column.name for column in choices), NONE])


def _own_id(columns: Sequence[ColumnFacts], rows: int, answer: ColumnFacts | None) -> str | None:
    """The only column that gives each row an id of its own; none where one is called so that it is found by itself."""
    if any(column.plain in OWN_IDS for column in columns):
        return None
    each = [one for one in columns if one.kind == "id" and one.filled == one.distinct == rows and one is not answer]
    return each[0].name if len(each) == 1 else None


def _spelt_out(columns: Sequence[ColumnFacts], called: Sequence[ColumnFacts]) -> list[ColumnFacts]:
    """The same, with `label_text` for `label`: the words for its numbers."""
    words = {column.plain: column for column in columns if column.kind == "label"}
    return [next((words[name] for end in _WORDS if (name := column.plain + end) in words), column) for column in called]


def strata_of(columns: Sequence[ColumnFacts], rows: int, but: set[str]) -> list[str]:
    """Labels that every row has, of few values, as long as a cell has five rows on average; the fullest of values first."""
    splits = {column.name for column in named(columns, SPLITS)}
    worded = {column.plain for column in columns}
    splits |= {column.name for column in columns if any(column.plain + end in worded for end in _WORDS)}
    may = [
        column
        for column in columns
        if column.kind == "label"
        and column.name not in but | splits
        and column.filled == rows
        and 2 <= column.distinct <= _MOST_VALUES
    ]
    chosen: list[str] = []
    cells = 1
    for column in sorted(may, key=lambda one: -one.distinct):
        if len(chosen) < _STRATA and cells * column.distinct * _ROWS_A_STRATUM <= rows:
            chosen.append(column.name)
            cells *= column.distinct
    return chosen
