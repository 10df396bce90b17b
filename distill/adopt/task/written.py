"""The files of a tune as a task: its spec and prompts, beside the files as the host gave them.

The training file's rows train, with the answers that the tune learnt. The validation file's rows are the test; where there is none,
or its rows stand in the training file too, a part of the training file is. What of a task stands there already stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill import extras
from distill.adopt.adoption import TUNE, Adoption
from distill.adopt.task.prompts import prompt_of, shared_by_all
from distill.adopt.task.rows import TuneRows, asked_twice, chat_lines, pairs, read_tune_rows
from distill.adopt.task.spec_text import LINEAR, AdoptedSpec, spec_text
from distill.atomic_write import write_atomic
from distill.errors import UsageError
from distill.money import Rate
from distill.seeds.faults import fault_summary
from distill.seeds.formats.file_format import RawRow
from distill.spec import SPEC_FILE
from distill.starter.init import task_name
from distill.starter.logged_chats import call_tools, propose_chats
from distill.teacher.engines import embedded

_FEWEST = 10
_CHATS = ".chats.jsonl"
"""What the name of a file of preference pairs, as chats, ends in."""
_SHOWN = 5
"""Faults of rows that are told."""
_SEEN = "the old tune has learnt the held-out rows, and the student will not: the comparison favours the tune"
_CALLS = "the chats call tools, which the embedded base cannot learn: the task ends at the dataset; a base whose chat template has tools can: --base"


@dataclass(frozen=True, slots=True)
class StudentAndPrice:
    """What a person chose: the student's base (None: what is installed decides), and where and at what price the tune answers."""

    base: str | None
    base_url: str | None
    key_env: str
    price: Rate | None


@dataclass(frozen=True, slots=True)
class WrittenTask:
    """The task: rows that can be used, rows that cannot, and what a person should know."""

    spec: Path
    rows: int
    refused: int
    tests: int | None
    """Rows of the validation file that are the test; None where a part of the rows is."""
    notes: Sequence[str]


def write_task(folder: Path, adoption: Adoption, choice: StudentAndPrice) -> WrittenTask:
    """Write what is not there yet; UsageError where too few rows can be used, with what was saved all the same."""
    training, tests, notes = _rows(folder)
    if len(training.chats) < _FEWEST:
        raise UsageError(_too_few(folder, adoption, training))
    if tests is not None and (why := _unfit(tests, training)):
        notes.append(f"{why}; a part of {training.path.name} is held out in its place")
        tests = None
    if tests is None and training.path.name.startswith("training"):
        notes.append(_SEEN)
    used = [*training.chats, *(tests.chats if tests else [])]
    prompt = prompt_of(used)
    notes += _refusals([training, *([tests] if tests else [])])
    notes += _told(training, used, prompt)
    spec = _spec(folder, adoption, choice, training, tests)
    texts = {"teacher.md": prompt, "student.md": prompt, SPEC_FILE: spec_text(spec, training.chats)}
    for name, text in texts.items():  # the spec last: with it the task is whole
        if not (folder / name).exists():
            write_atomic(folder / name, text.encode("utf-8", "surrogatepass"))
    refused = len(training.refused) + (len(tests.refused) if tests else 0)
    return WrittenTask(folder / SPEC_FILE, len(training.chats), refused, len(tests.chats) if tests else None, notes)


def _rows(folder: Path) -> tuple[TuneRows, TuneRows | None, list[str]]:
    """(the rows that train, those of the validation file, what to say): the one alone stands for the other."""
    notes: list[str] = []
    files = [
        read_tune_rows(_as_chats(path))
        for path in (folder / TUNE / "training.jsonl", folder / TUNE / "validation.jsonl")
        if path.exists()
    ]
    for one in files:
        notes += [f"{one.path.name}: {fault.message}" for fault in one.faults]
    training = next((one for one in files if one.path.name.startswith("training")), None)
    tests = next((one for one in files if one.path.name.startswith("validation")), None)
    if tests is not None and (training is None or len(training.chats) < _FEWEST <= len(tests.chats)):
        notes.append("the training file has no rows to use: the task is made of the validation file alone")
        return tests, None, notes
    return training or TuneRows(folder / TUNE / "training.jsonl", [], []), tests, notes


def _as_chats(path: Path) -> Path:
    """The file itself, or its preference pairs as chats, in a file beside it."""
    if not pairs(path):
        return path
    chats = path.with_name(f"{path.stem}{_CHATS}")
    if not chats.exists():
        write_atomic(chats, chat_lines(path.read_bytes()))
    return chats


def _unfit(tests: TuneRows, training: TuneRows) -> str:
    """Why a validation file is no test; empty where it is one."""
    if len(tests.chats) < _FEWEST:
        return f"{tests.path.name} has {len(tests.chats)} rows that can be used, too few for a test"
    if (twice := asked_twice(tests, training)) * 2 > len(tests.chats):
        return f"{twice} of {len(tests.chats)} rows of {tests.path.name} stand in the training file too"
    return ""


def _too_few(folder: Path, adoption: Adoption, training: TuneRows) -> str:
    lost = [f"{one.name} is {one.state} ({one.why})" for one in adoption.files if not one.here]
    saved = ["job.json", *(one.name for one in adoption.files if one.here)]
    why = f"{training.path.name} has {len(training.chats)} rows that can be used, and a task needs {_FEWEST}"
    refused = [str(fault) for fault in [*training.faults, *fault_summary.summarised(training.refused)][:_SHOWN]]
    return "\n  ".join(
        [
            "; ".join([*lost, why]), *refused,
            f"saved all the same, in {folder / TUNE}: {', '.join(saved)}",
            "with your own copy of the file: --training FILE; with logs of the tune's calls: "
            f"distill init --from LOGS --teacher {adoption.tune.model}",
        ]
    )  # fmt: skip


def _refusals(files: Sequence[TuneRows]) -> list[str]:
    """The rows that are left out, each kind of fault once."""
    refused = [row for one in files for row in one.refused]
    if not refused:
        return []
    faults = fault_summary.summarised(refused)
    more = [f"and {len(faults) - _SHOWN} more faults"] if len(faults) > _SHOWN else []
    said = f"{len(refused):,} rows cannot be used and are left out (`broken: drop`); a run lists each"
    return [said, *(f"  {fault}" for fault in faults[:_SHOWN]), *more]


def _told(training: TuneRows, chats: Sequence[RawRow], prompt: str) -> list[str]:
    """What was found out of the rows."""
    systems = len({chat.get("system") or "" for chat in chats})
    said = []
    if training.path.name.endswith(_CHATS):
        said.append("the rows are preference pairs: their preferred answers are the known ones")
    if shared_by_all(prompt):
        said.append("all rows share one system prompt: it is the teacher's and the student's")
    elif systems > 1:
        said.append(f"{systems:,} different system prompts: each row keeps its own")
    unknown = len(training.chats) - training.known
    if unknown:
        said.append(f"{unknown:,} rows have no known answer: the old tune is asked for them as well, to train on")
    if training.masked:
        said.append(f"{training.masked:,} chats have earlier answers of weight 0, so only last answers train")
    if call_tools(chats):
        said.append(_CALLS)
    return said


def _spec(
    folder: Path, adoption: Adoption, choice: StudentAndPrice, training: TuneRows, tests: TuneRows | None
) -> AdoptedSpec:  # fmt: skip
    tune, base = adoption.tune, choice.base or _base(training)
    return AdoptedSpec(
        name=task_name(folder.resolve().name), model=tune.model or "", job_id=tune.job_id,
        training=f"{TUNE}/{training.path.name}", validation=f"{TUNE}/{tests.path.name}" if tests else None, base=base,
        base_url=choice.base_url, key_env=choice.key_env, price=choice.price, last_day=adoption.last_day,
        epochs=tune.hyperparameters.get("n_epochs"), dark=adoption.dark,
        calls_tools=call_tools([*training.chats, *(tests.chats if tests else [])]),
        every_turn=base != LINEAR and training.earlier > 0 and not training.masked,
    )  # fmt: skip


def _base(training: TuneRows) -> str:
    """The embedded model; where it cannot be tuned here and the answers are labels, a linear model."""
    here = not (extras.missing("embedded") or extras.missing("train"))
    if here or propose_chats(training.chats).kind != "label":
        return embedded.MODEL
    return LINEAR
