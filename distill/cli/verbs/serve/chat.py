"""`distill chat`: a run's student and its base, asked by hand or through a pipe."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.options import AsJson, HomeFolder, RunName, out

if TYPE_CHECKING:
    from distill.cli.chat_lines import ChatLines
    from distill.rundir import RunDir
    from distill.task.task import Task

ENDED = "ended; nothing of it was kept"


def chat(
    run: RunName,
    base: Annotated[bool, typer.Option("--base/--no-base", help="ask the untrained base too")] = True,
    as_json: AsJson = False,
    home: HomeFolder = Path(),
) -> None:
    """Talk to a run's student.

    And to its base, one under the other. A question a line; from a pipe a text or a JSON object a line, and with --json one object
    a line comes out. Nothing of it is kept.
    """
    from distill.pipeline import arguments
    from distill.pipeline.open_task import open_task
    from distill.task import used_spec

    found = arguments.run_of(run, home)
    task = open_task(
        arguments.spec_of(found.path),
        overrides=used_spec.overrides(found.path),
        env=os.environ,
        home=found.home,
        priced=False,
    )
    people = sys.stdin.isatty()
    try:
        wrong = _talk(task, found, base=base, people=people, as_json=as_json)
    except KeyboardInterrupt:
        print(f"\n{ENDED}" if people else ENDED, file=sys.stderr, flush=True)
        raise typer.Exit(130) from None
    if people:
        print(ENDED, file=sys.stderr, flush=True)
    raise typer.Exit(2 if wrong and not people else 0)


def _talk(task: Task, folder: RunDir, *, base: bool, people: bool, as_json: bool) -> int:
    """Ask until the lines end; how many lines could not be obeyed."""
    from distill.cli.chat_lines import HELP, ChatLines
    from distill.views import student_chat

    if people:
        _say(f"{folder.name}: loading; a question a line, {HELP}")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            open_chat = runner.run(stack.enter_async_context(student_chat.opened(task, folder, base=base)))
            for note in open_chat.notes:
                _say(f"note: {note}")
            lines = ChatLines(open_chat, lambda named: student_chat.held_out_row(folder, named), at_once=not people)
            return sum(_one(runner, lines, line, as_json=as_json) for line in _until_end(lines, people=people))
        finally:
            runner.run(stack.aclose())


def _one(runner: asyncio.Runner, lines: ChatLines, read: object, *, as_json: bool) -> bool:
    """Show what a line came to; whether it could not be obeyed."""
    from distill.cli.chat_lines import ChatQuestion, Note
    from distill.cli.text.serve.chat import reply_json, reply_lines

    if isinstance(read, Note):
        if as_json and read.wrong:
            _print_json({"error": {"code": 2, "message": read.text}})
        else:
            _say(read.text)
        return read.wrong
    if isinstance(read, ChatQuestion):
        replies = runner.run(lines.chat.ask(read.fields))
        if as_json:
            _print_json(reply_json(read, replies))
        else:
            out({}, False, reply_lines(read, replies))
    return False


def _until_end(lines: ChatLines, *, people: bool) -> Iterator[object]:
    """What each line comes to, until /quit or the end of them."""
    from distill.cli.chat_lines import End

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a byte that is no text costs its line alone
    for line in _typed(lines) if people else sys.stdin:
        read = lines.read(line.rstrip("\r\n"))
        if isinstance(read, End):
            return
        yield read


def _typed(lines: ChatLines) -> Iterator[str]:
    with suppress(ImportError):
        import readline  # noqa: F401  # lines that are typed can be edited, and come again
    while True:
        try:
            yield input(f"{lines.slot}> ")
        except EOFError:
            print(flush=True)
            return


def _print_json(value: dict[str, object]) -> None:
    print(json.dumps(value, ensure_ascii=True), flush=True)


def _say(text: str) -> None:
    from distill.cli.plain import plain

    print(plain(text), file=sys.stderr, flush=True)
