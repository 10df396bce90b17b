"""Which of two answers is better: the question to a judge, and its reply as a verdict.

    {"code": "6f1c…", "reason": "The first one names the wrong date.", "better": "second"}

Nothing says which arm an answer is from. Form, code and strict reading are those of a verdict on one answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from distill.curate.gates.judge.rubric import BLOCK_RULE, TITLE, closed, code_for, user_turn
from distill.curate.gates.judge.verdict import NoVerdict, UnreadableVerdict, members, one_line, value_of
from distill.records import Answer, Json
from distill.spec.judge import Rubric
from distill.text.normalise import storable

CHOICES = ("first", "second", "tie")
Better = Literal["first", "second", "tie"]
_FORM = (
    """\
Compare the first and the second answer. Take all of these together:
{dimensions}

"""
    + BLOCK_RULE
    + """
Their order is drawn by chance and says nothing. Length alone makes no answer better. If neither is better, say "tie".

Reply with one JSON object and nothing else. Its member "code" repeats the code of the turn; its member "reason" says shortly what
decides; its member "better" is "first", "second" or "tie"."""
)
_BLOCKS = {
    "task": "the instructions that the answers were given under",
    "input": "what was asked",
    "reference": "an answer that is known to be right",
    "first": "the first answer",
    "second": "the second answer",
}


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """Two answers to one input, in the order in which a judge is shown them; None for what it is not shown."""

    input: str
    first: str
    second: str
    reference: str | None = None
    task: str | None = None

    @property
    def texts(self) -> dict[str, str]:
        """The blocks of the user's turn, in order."""
        shown = {"task": self.task, "input": self.input, "reference": self.reference}
        return {name: text or "" for name, text in shown.items() if text or name == "input"} | {
            "first": self.first,
            "second": self.second,
        }

    @property
    def swapped(self) -> AnswerPair:
        """The same the other way round."""
        return AnswerPair(self.input, self.second, self.first, self.reference, self.task)


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What one judge prefers, and why."""

    judge: str
    better: Better
    reason: str


def pair_code(rubric: Rubric, pair: AnswerPair) -> str:
    """The code of this question, which stands in none of its texts."""
    asked: list[Json] = [rubric.text, dict(rubric.dimensions), list(rubric.dimensions), _FORM]
    return code_for("judge pair", asked, pair.texts)


def pair_turns(rubric: Rubric, pair: AnswerPair) -> list[dict[str, str]]:
    """The chat turns of one question."""
    listed = "\n".join(f"- {name}: {meaning}" for name, meaning in rubric.dimensions.items())
    system = f"{rubric.text.strip()}\n\n{_FORM.replace('{dimensions}', listed)}"
    asked = user_turn(pair.texts, _BLOCKS, pair_code(rubric, pair), "Compare the answers now.")
    return [{"role": "system", "content": system}, asked]


def pair_schema() -> dict[str, Json]:
    """The JSON Schema of a verdict."""
    text = {"type": "string"}
    return {
        "title": TITLE,
        **closed({"code": text, "reason": text, "better": {"type": "string", "enum": list(CHOICES)}}),
    }


def read_pair(answer: Answer, *, code: str, judge: str) -> PairVerdict | NoVerdict:
    """The verdict in a judge's reply to the question with this code; what cannot be read is no verdict."""
    try:
        return _verdict(value_of(answer), code, judge)
    except UnreadableVerdict as fault:
        return NoVerdict(judge, one_line(storable(str(fault))))


def _verdict(value: Json, code: str, judge: str) -> PairVerdict:
    whole = members(value, ("code", "reason", "better"), "the verdict")
    if whole["code"] != code:
        raise UnreadableVerdict("forged or unreadable: its code is not that of the question")
    better, reason = whole["better"], whole["reason"]
    if better not in CHOICES:
        raise UnreadableVerdict(f"better is {str(better)[:40]!r}, expected first, second or tie")
    if not isinstance(reason, str):
        raise UnreadableVerdict(f"the reason is a JSON {type(reason).__name__}, expected text")
    return PairVerdict(judge, better, storable(reason))
