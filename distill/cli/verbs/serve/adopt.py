"""`distill adopt`: a tuned model that its host shuts down, taken along: its files, its answers, a student in its place."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from distill.cli.options import AsJson, Set, Usd, opened, out
from distill.cli.verbs.run import ALL, run_once
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.adopt.answers import AnswersPrice, RecordedAnswers
    from distill.adopt.files import AdoptedFiles, AdoptRequest
    from distill.adopt.host.files import Role
    from distill.money import Rate
    from distill.records import Json

Step = Literal["files", "answers", "student"]

Tune = Annotated[
    str | None, typer.Argument(help="a job or its model: ftjob-…, or ft:…", metavar="TUNE", show_default=False)
]
Inventory = Annotated[
    bool, typer.Option("--inventory", help="list the organisation's tunes instead, those that end first on top")
]
OnlyStep = Annotated[Step | None, typer.Option(help="one step alone: its files and task, its answers, or the student")]
Base = Annotated[str | None, typer.Option(help="the student's base: a folder, a *.gguf, an id of the hub, or `linear`")]
Into = Annotated[Path | None, typer.Option(metavar="FOLDER", help="the task's folder; default: prompts/<its name>")]
OwnTraining = Annotated[
    Path | None, typer.Option(metavar="FILE", help="your own copy of the training file, where the host has none")
]
OwnValidation = Annotated[Path | None, typer.Option(metavar="FILE", help="the same of the validation file")]
Price = Annotated[
    str | None, typer.Option(metavar="IN,OUT", help="what the tune's answers cost, in dollars per million tokens")
]
Apply = Annotated[
    bool, typer.Option("--apply", help="ask the tune also where no --max-usd covers the most that it may cost")
]
BaseUrl = Annotated[str | None, typer.Option(help="the host; default: OPENAI_BASE_URL, then OpenAI")]
KeyEnv = Annotated[str, typer.Option(metavar="NAME", help="the variable that holds the key")]


def adopt(
    tune: Tune = None,
    inventory: Inventory = False,
    only: OnlyStep = None,
    base: Base = None,
    into: Into = None,
    training: OwnTraining = None,
    validation: OwnValidation = None,
    price: Price = None,
    apply: Apply = False,
    base_url: BaseUrl = None,
    key_env: KeyEnv = "OPENAI_API_KEY",
    sets: Set = None,
    as_json: AsJson = False,
    max_usd: Usd = None,
) -> None:
    """Take a tuned model along before it ends.

    Fetches its job, files and settings and makes a task of them, asks it the held-out rows while it answers, trains a student of
    your own, and says whether that may replace it. Each step is kept: run it again to go on.
    """
    from distill.adopt.files import AdoptRequest, taken
    from distill.cli.text.serve.adopt import files_lines
    from distill.pipeline.arguments import project_at

    if inventory:
        _inventory(tune, base_url, key_env, as_json)
        return
    if tune is None:
        raise UsageError("name a tune, ftjob-… or ft:…; `distill adopt --inventory` lists those of your organisation")
    own: dict[Role, Path | None] = {"training": training, "validation": validation}
    base = str(Path(base).resolve()) if base and Path(base).exists() else base
    request = AdoptRequest(
        tune, base_url, key_env, base, into, {role: path for role, path in own.items() if path is not None}, _rate(price)
    )  # fmt: skip
    files = taken(request, Path(os.path.relpath(project_at(Path.cwd()))), os.environ)
    if not as_json:
        out({}, False, files_lines(files, datetime.now(UTC).date()))
    changes = [] if files.task is not None else _changes(base, request.price)
    _Steps(request, files, [*changes, *(sets or [])], as_json, max_usd).go(only, apply=apply)


@dataclasses.dataclass(slots=True)
class _Steps:
    """The steps behind the files."""

    request: AdoptRequest
    files: AdoptedFiles
    sets: Sequence[str]
    as_json: bool
    max_usd: float | None

    def go(self, only: Step | None, *, apply: bool) -> None:
        if only == "files":
            self._end({}, [f"next: {self._again()}"])
            return
        recorded = None
        if not self.files.adoption.dark:
            recorded = self._answers(apply=apply, send=only != "student")
            if recorded is None:
                return
        if only == "answers":
            self._end({"answers": _json(recorded)}, [f"next: {self._again()}"])
            return
        self._student(recorded)

    def _answers(self, *, apply: bool, send: bool) -> RecordedAnswers | None:
        """What the tune answers; None where a person has to agree to its price first, UsageError where nothing may be sent and
        something is to be."""
        from distill.adopt import answers
        from distill.adopt.files import noted_dark
        from distill.cli.live.panel import Panel
        from distill.cli.text.serve.adopt import answers_lines, price_lines

        task = opened(self.files.spec, list(self.sets), self.max_usd, as_json=self.as_json)
        price = answers.price_of(task)
        if not self.as_json:
            out({}, False, price_lines(price, task.teacher.model))
        if price.to_send and not send:
            raise UsageError(
                f"{price.to_send:,} held-out rows have no answer of {task.teacher.model} yet, which the student is held against; "
                f"ask them first: {self._again()} --only answers"
            )
        if not (apply or price.covered(self.max_usd)):
            self._end({"price": _json(price)}, self._ask(price))
            return None
        with Panel(quiet=self.as_json) as panel:
            found = answers.recorded(task, panel)
        if found.dark:
            self.files = noted_dark(self.files)
        if not self.as_json:
            out({}, False, answers_lines(found, self.files))
        return found

    def _ask(self, price: AnswersPrice) -> list[str]:
        """How a person agrees to the price."""
        if price.usd_at_most is None:
            return [
                "its price is not known here, so no limit can hold: give it with --price IN,OUT, from your host's price list, or go on "
                f"without a limit: {self._again()} --apply"
            ]
        return [f"go on: {self._again(max(0.01, round(price.usd_at_most + 0.005, 2)))}"]

    def _student(self, recorded: RecordedAnswers | None) -> None:
        from distill.adopt.replacement import replacement

        dark = self.files.adoption.dark and not (recorded and recorded.answered)
        sets = [*self.sets, *self._without_the_tune()] if dark else list(self.sets)
        done, _, lines = run_once(
            self.files.spec, sets, self.as_json, self.max_usd, partial=False, stages=ALL,
        )  # fmt: skip
        found = replacement(done, self.files.adoption.tune.model or "", dark=dark)
        said = {"run": done.as_json(), "replacement": {**dataclasses.asdict(found)}}
        self._end({**({"answers": _json(recorded)} if recorded else {}), **said}, [*lines, "", *found.lines])
        raise typer.Exit(done.exit_code)

    def _without_the_tune(self) -> list[str]:
        """The arms of the spec less the tune, which answers no more."""
        task = opened(self.files.spec, list(self.sets), as_json=True, priced=False)
        arms = [arm for arm in task.spec.arms if arm != "teacher"]
        return [f"evaluate.arms=[{', '.join(arms)}]"] if arms != list(task.spec.arms) and arms else []

    def _again(self, usd: float | None = None) -> str:
        """The command that goes on."""
        words = ["distill", "adopt", self.request.given]
        words += ["--into", str(self.request.into)] if self.request.into else []
        words += [word for one in self.sets for word in ("--set", one)]
        return shlex.join([*words, *(["--max-usd", f"{usd:g}"] if usd is not None else [])])

    def _end(self, found: dict[str, Json], lines: list[str]) -> None:
        from distill.cli.text.serve.adopt import files_json

        out({**files_json(self.files), **found}, self.as_json, lines)


def _json(value: RecordedAnswers | AnswersPrice | None) -> Json:
    return dataclasses.asdict(value) if value is not None else None


def _inventory(tune: str | None, base_url: str | None, key_env: str, as_json: bool) -> None:
    from distill.adopt.host import access
    from distill.adopt.host.inventory import inventory
    from distill.cli.text.serve.adopt import inventory_lines
    from distill.task import event_loop

    if tune is not None:
        raise UsageError(f"--inventory lists every tune, and {tune!r} names one; give either")
    at = access.address_of(base_url, key_env, os.environ)
    found = event_loop.run(inventory(at, datetime.now(UTC).date()))
    given = ["--base-url", base_url] if base_url else []
    given += ["--key-env", key_env] if key_env != "OPENAI_API_KEY" else []
    out(dataclasses.asdict(found), as_json, inventory_lines(found, shlex.join(["distill", "adopt", *given])))


def _changes(base: str | None, price: Rate | None) -> list[str]:
    """What the command changes of a task that was there before: a base or a price that is given now."""
    linear = ["student.train.with=linear", "evaluate.arms=[teacher, student]"]
    other = [
        "student.train.with=lora",
        f"student.train.base={json.dumps(base)}",
        "evaluate.arms=[teacher, base, student]",
    ]
    trained = [] if base is None else linear if base == "linear" else other
    return [
        *trained,
        *([f"teacher.price={{input: {price.input}, output: {price.output}}}"] if price is not None else []),
    ]


def _rate(price: str | None) -> Rate | None:
    from distill.money import Rate

    if price is None:
        return None
    try:
        given = [float(part) for part in price.split(",")]
    except ValueError:
        given = []
    if len(given) != 2 or not all(0 <= one < 1e6 for one in given):
        raise UsageError(
            f"--price is {price!r}: expected two numbers, dollars per million tokens in and out, say --price 0.3,1.2"
        )
    return Rate(*given)
