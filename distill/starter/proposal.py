"""From the columns of a file to a proposal: which is the input, which the known answer, of what kind, and what the strata are.

What a person says comes first. What is not said is taken where only one column can be meant; else `Unclear` holds the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from distill.errors import UsageError
from distill.starter.columns import ColumnFacts
from distill.text.normalise import did_you_mean

AnswerKind = Literal["none", "label", "number", "object", "text"]
_INPUTS = (
    "message", "text", "input", "question", "prompt", "query", "utterance", "content", "body", "comment", "review", "ticket",
    "email", "sentence", "instruction", "description", "document", "request", "title", "subject",
)  # fmt: skip
_ANSWERS = (
    "expected", "answer", "label", "gold", "target", "category", "class", "intent", "output", "reply", "response", "completion",
    "expected_output", "ground_truth", "topic", "sentiment", "team", "queue", "route", "department", "summary",
)  # fmt: skip
NONE = "none"
_STRATA = 2
_ROWS_A_STRATUM = 5
_MOST_VALUES = 12


class Unclear(UsageError):
    """A choice that only a person can make. `option` is the command line's; `choices` are the columns."""

    def __init__(self, question: str, option: str, choices: Sequence[str]) -> None:
        super().__init__(f"{question} Say {option} with one of: {', '.join(choices)}")
        self.question, self.option, self.choices = question, option, choices


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a task of these rows is. `taken` says what was not asked, for people."""

    input: str
    answer: str | None
    kind: AnswerKind
    values: Sequence[str]
    """Of an answer that is a label, commonest first."""
    strata: Sequence[str]
    rows: int
    known: int
    """Rows with the answer."""
    taken: Sequence[str]


def propose(
    columns: Sequence[ColumnFacts], rows: int, *, input_column: str | None = None, answer_column: str | None = None
) -> Proposal:
    """The proposal; UsageError for a column that is not there, Unclear where several may be meant."""
    by_name = {column.name: column for column in columns}
    for option, name in (("--input", input_column), ("--answer", answer_column)):
        if name is not None and name not in by_name and not (option == "--answer" and name == NONE):
            raise UsageError(
                f"{option} {name}: no such column{did_you_mean(name, by_name)}; the file has {', '.join(by_name)}"
            )
    taken = []
    if input_column is None:
        input_column = _input([column for column in columns if column.name != answer_column])
        taken.append(f"the input is `{input_column}`")
    if answer_column is None:
        answer_column = _answer([column for column in columns if column.name != input_column], rows)
        taken.append(
            f"the known answer is `{answer_column}`" if answer_column else "no column is taken for the known answer"
        )
    found = by_name[answer_column] if answer_column not in (None, NONE) else None
    kind = _answer_kind(found)
    strata = _strata(columns, rows, {input_column, *([found.name] if found and kind != "label" else [])})
    if strata:
        taken.append(f"strata are {', '.join(f'`{name}`' for name in strata)}")
    return Proposal(
        input=input_column, answer=found.name if found else None, kind=kind, values=found.values if found else (), strata=strata,
        rows=rows, known=found.filled if found else 0, taken=taken,
    )  # fmt: skip


def _named(columns: Sequence[ColumnFacts], names: Sequence[str]) -> list[str]:
    plain = {name: n for n, name in enumerate(names)}
    found = [
        (plain[column.name.strip().lower()], column.name) for column in columns if column.name.strip().lower() in plain
    ]
    return [name for _, name in sorted(found)]


def _input(columns: Sequence[ColumnFacts]) -> str:
    texts = [column for column in columns if column.kind == "text"]
    answers = set(_named(texts, _ANSWERS))
    own = [column for column in texts if column.name not in answers] or texts
    if len(own) == 1:
        return own[0].name
    named = _named(own, _INPUTS)
    longest = sorted(own, key=lambda column: -column.mean_length)
    if len(named) == 1 or (named and named[0] == longest[0].name):
        return named[0]
    others = [column.name for column in columns if column.kind != "empty"]
    question = "Which column is the input?" if own else "No column looks like a text to answer. Which one is the input?"
    raise Unclear(question, "--input", [column.name for column in own] or others)


def _answer(columns: Sequence[ColumnFacts], rows: int) -> str | None:
    """The column of the known answer: the only one whose name says so, or the only label there is; none where there is no other."""
    may = [column for column in columns if column.kind in ("label", "object", "text", "number") and column.filled]
    named = _named(may, _ANSWERS)
    if len(named) == 1:
        return named[0]
    choices = named or [
        column.name for column in may if column.kind in ("label", "object") and 2 * column.filled >= rows
    ]
    if len(choices) <= 1:
        return choices[0] if choices else None
    raise Unclear("Which column is the known answer?", "--answer", [*choices, NONE])


def _answer_kind(column: ColumnFacts | None) -> AnswerKind:
    match column.kind if column else "empty":
        case "label":
            return "label"
        case "object":
            return "object"
        case "number":
            return "number"
        case "text" | "id" | "list":
            return "text"
        case _:
            return "none"


def _strata(columns: Sequence[ColumnFacts], rows: int, but: set[str]) -> list[str]:
    """Labels that every row has, of few values, as long as a cell has five rows on average; the fullest of values first."""
    may = [
        column
        for column in columns
        if column.kind == "label"
        and column.name not in but
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
