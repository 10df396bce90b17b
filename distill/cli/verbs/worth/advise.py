"""`distill advise`: what to do about a task before anything is built. Nothing is sent; on a terminal, what is missing is asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, out

if TYPE_CHECKING:
    from distill.advise.approach import Advice
    from distill.records import Json

Wrong = Annotated[
    str | None,
    typer.Option(metavar="WORDS", help="what is wrong today: price,latency,quality,format,privacy, or nothing"),
]
Tried = Annotated[
    str | None, typer.Option(metavar="WORDS", help="what was tried: prompt,few-shot,structured,rag, or nothing")
]
Price = Annotated[
    str | None, typer.Option(metavar="IN/OUT|MODEL", help="$ a million tokens today, say 2.5/10, or a known model")
]
Count = Annotated[str | None, typer.Option(metavar="N", help="a number")]
Changes = Annotated[
    str | None,
    typer.Option(metavar="WORD", help="how often the task changes: never, yearly, quarterly, monthly, weekly, daily"),
]
Facts = Annotated[str | None, typer.Option(metavar="yes|no", help="whether right answers need facts that change")]
Kinds = Annotated[str | None, typer.Option(metavar="N|free", help="how many different answers there are")]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", metavar="NAME=VALUE", help="an assumption instead of its default, say hours=40; repeatable"
    ),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="keep it as a table in Markdown")]


def advise(
    wrong: Wrong = None,
    tried: Tried = None,
    calls_a_day: Count = None,
    prompt_tokens: Count = None,
    completion_tokens: Count = None,
    price: Price = None,
    rows: Count = None,
    labelled: Count = None,
    changes: Changes = None,
    facts: Facts = None,
    kinds: Kinds = None,
    inputs: Inputs = None,
    to: Out = None,
    as_json: AsJson = False,
) -> None:
    """Say whether to distil at all, and why.

    Prompt better, few-shot, structured output, RAG, distil, or leave it, with the sums. On a terminal it asks for what is missing.
    """
    from distill.advise import approach
    from distill.advise.assumptions import read_inputs
    from distill.advise.situation import situation, unanswered
    from distill.atomic_write import write_atomic
    from distill.cli.text.worth.advice import advice_lines, advice_page

    given = {
        "wrong": wrong, "tried": tried, "calls_a_day": calls_a_day, "prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens,
        "price": price, "rows": rows, "labelled": labelled, "changes": changes, "facts": facts, "kinds": kinds,
    }  # fmt: skip
    assumed, known = read_inputs(inputs or []), situation(given)
    if not as_json and sys.stdin.isatty() and sys.stdout.isatty():
        given |= _asked(unanswered(known))
        known = situation(given)
    found = approach.advise(known, assumed)
    if to is not None:
        write_atomic(to, advice_page(found).encode("utf-8", "replace"))
    out(_json(found), as_json, [*advice_lines(found), *(["", f"kept in {to}"] if to else [])])


def _asked(names: list[str]) -> dict[str, str]:
    """Each missing answer from the terminal; an empty line leaves it unknown, one that cannot be read is asked for again."""
    from distill.advise.situation import QUESTIONS, read_answer
    from distill.errors import UsageError

    answers = {}
    for name in names:
        while text := input(f"{QUESTIONS[name].asked} (Enter: not known)\n> ").strip():
            try:
                read_answer(name, text)
            except UsageError as fault:
                print(fault)
                continue
            answers[name] = text
            break
    return answers


def _json(found: Advice) -> dict[str, Json]:
    """The advice as JSON: sets as sorted lists."""
    import dataclasses

    def plain(value: object) -> Json:
        if isinstance(value, frozenset):
            return sorted(value)
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        if hasattr(value, "_asdict"):
            return value._asdict()
        return [plain(one) for one in value] if isinstance(value, list) else value

    return {name: plain(value) for name, value in dataclasses.asdict(found).items()}
