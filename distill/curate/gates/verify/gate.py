"""The gate that asks the task's own function: `check(row)` of a `verify.py` beside the spec.

    def check(row):                      # row: input, prompt, answer, parsed, tool_calls, stratum, labels, fields, gold
        return row["parsed"]["total"] == 3, "the total is wrong"

It returns True or False, a number from 0 to 1, None where it cannot judge, or one of them with a message. The file is read
and parsed here, never imported: it runs in processes of its own (sandbox/). A row that it could not judge (it raised, took
too long or too much memory, ended its process) is unscored, with the cause; it never counts as a zero.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import decode_source
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from distill.curate.gates.scoring import rescored
from distill.curate.gates.settings import FUNCTION, IfUnscored
from distill.curate.gates.verify.cache import Checks
from distill.errors import Fault, SpecError
from distill.sandbox import pool
from distill.sandbox.process import Limits, Source
from distill.sandbox.result import CheckResult
from distill.tables.outcome import Outcome, ordered, partition
from distill.text.normalise import did_you_mean

SCORE = "score_verify"
ROW = ("input", "prompt", "answer", "tool_calls", "stratum", "labels")
"""What a function is told of a sample; `fields` and `gold` of its seed come beside."""
_CONTRACT = 1
"""Raised when a row is handed over in another way, so that it is judged again."""
_AT_ONCE = 1000
Check = Callable[[pl.DataFrame], Sequence[CheckResult]]
"""Samples → a verdict for each, in their order."""


@dataclass(frozen=True, slots=True, eq=False)
class TaskFolder:
    """What the gate has from the task: its folder, the seeds (columns seed_id, fields, gold), where verdicts are kept."""

    folder: Path
    seeds: pl.DataFrame | None = None
    cache: Path | None = None


def gate(
    frame: pl.DataFrame,
    *,
    task: TaskFolder,
    function: str = FUNCTION,
    at_least: float = 1.0,
    seconds: float = 2.0,
    megabytes: int = 512,
    unscored: IfUnscored = "drop",
) -> Outcome:
    """Drops rows that the task's own function scores below `at_least`; each may take `seconds`, its process `megabytes`.

    The report says what `held` the function when it ran: landlock, seccomp, hook (see sandbox/).
    """
    held: set[str] = set()
    limits = Limits(seconds, megabytes)
    out = verify(
        frame, check=lambda rows: _verdicts(rows, task, function, limits, held), at_least=at_least, unscored=unscored
    )
    return Outcome(out.kept, out.dropped, out.report | ({"held": sorted(held)} if held else {}), out.rejected)


def verify(frame: pl.DataFrame, *, check: Check, at_least: float = 1.0, unscored: IfUnscored = "drop") -> Outcome:
    """Scores every row by `check`, then drops those below `at_least`, and the unscored ones unless they are to be kept.

    The report counts rows without a score by cause (`unscored`), and warns where they are half of all or more.
    """
    rows = ordered(frame)
    verdicts = check(rows)
    drops = {}
    for i, one in enumerate(verdicts):
        if one.score is None:
            if unscored == "drop":
                drops[i] = ("unscored", one.detail)
        elif one.score < at_least:
            drops[i] = ("verify", one.message or f"scores {one.score:g}, at least {at_least:g} required")
    scores = pl.Series(SCORE, [one.score for one in verdicts], dtype=pl.Float64)
    out = partition(rescored(rows.with_columns(scores)), drops, stage="verify")
    causes = Counter(one.cause for one in verdicts if one.score is None)
    if not causes:
        return out
    told: dict[str, Any] = {"unscored": dict(sorted(causes.items(), key=lambda pair: (-pair[1], pair[0]))[:10])}
    if 2 * causes.total() >= rows.height:
        cause, count = next(iter(told["unscored"].items()))
        told["warning"] = f"verify could not judge {causes.total()} of {rows.height} rows; {count} of them: {cause}"
    return Outcome(out.kept, out.dropped, out.report | told, out.rejected)


def faults(function: str, folder: Path) -> list[Fault]:
    """What is wrong with the file or the name of the function, found without running a line of it."""
    path, _, name = function.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier():
        return [Fault("function", f"is {function!r}: expected FILE.py:NAME, e.g. {FUNCTION!r}")]
    file = (folder / path).resolve()
    if not file.is_relative_to(folder.resolve()):
        return [Fault("function", f"{path!r} lies outside the task's folder; only a file of the task itself is run")]
    if not file.is_file():
        near = ", ".join(sorted(p.name for p in folder.glob("*.py"))) or "no .py file"
        return [Fault(str(file), f"no such file; the folder holds {near}")]
    try:
        source = file.read_bytes()
    except OSError as fault:
        return [Fault(str(file), f"cannot be read: {fault.strerror}")]
    if b"\0" in source:  # of which not every Python says where it stands
        line = source.count(b"\n", 0, source.index(b"\0")) + 1
        return [Fault(f"{file}:{line}", "no Python: it holds a NUL byte")]
    try:
        with warnings.catch_warnings(action="ignore"):  # of an odd escape and the like: its author's, not ours
            tree = ast.parse(source, str(file))
    except SyntaxError as fault:
        return [Fault(f"{file}:{fault.lineno or 1}", f"no Python: {fault.msg}")]
    except (ValueError, RecursionError, MemoryError) as fault:
        return [Fault(str(file), f"no Python: {fault}")]
    return _function_faults(tree, name, file)


def fingerprint(function: str, folder: Path) -> str:
    """A hash of the file's bytes: what was judged by it hangs on them."""
    return hashlib.blake2b(_source(function, folder).text.encode(), digest_size=16).hexdigest()


def importable(function: str, folder: Path, *, megabytes: int = 512) -> None:
    """Import the file where it will run, before anything is paid for; SpecError where that fails."""
    pool.greet(_source(function, folder), Limits(megabytes=megabytes))


def _function_faults(tree: ast.Module, name: str, file: Path) -> list[Fault]:
    """Whether the file binds the name, and where it defines the function, whether it can be called with a row."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    node = next((one for one in reversed(tree.body) if one in found and getattr(one, "name", "") == name), None)
    if isinstance(node, ast.AsyncFunctionDef):
        return [Fault(f"{file}:{node.lineno}", f"`async def {name}`: expected a plain function")]
    if isinstance(node, ast.FunctionDef):
        given, needed = node.args, len(node.args.args) + len(node.args.posonlyargs) - len(node.args.defaults)
        takes_one = needed <= 1 and (given.args or given.posonlyargs or given.vararg)
        if takes_one and not any(default is None for default in given.kw_defaults):
            return []
        return [Fault(f"{file}:{node.lineno}", f"`{name}` is called with one argument, the row")]
    bound = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    bound |= {
        alias.asname or alias.name for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) for alias in one.names
    }
    if name in bound:
        return []
    return [Fault(str(file), f"defines no function {name!r}{did_you_mean(name, [one.name for one in found])}")]


def _source(function: str, folder: Path) -> Source:
    """The file as it is now; SpecError where it cannot be run."""
    if wrong := faults(function, folder):
        raise SpecError("verify", wrong)
    path, _, name = function.rpartition(":")
    file = (folder / path).resolve()
    return Source(file, decode_source(file.read_bytes()), name)


def _verdicts(rows: pl.DataFrame, task: TaskFolder, function: str, limits: Limits, held: set[str]) -> list[CheckResult]:
    """Verdicts of samples: those that are kept, and the others from the function; equal rows are asked once."""
    source = _source(function, task.folder)
    told = _told(rows, task.seeds)
    keys = _keys(told, source)
    known: dict[bytes, CheckResult] = {}
    with contextlib.ExitStack() as undo:
        kept = None
        if task.cache is not None:
            kept = undo.enter_context(Checks(task.cache, limits=f"{limits.seconds:g} s, {limits.megabytes} MiB"))
            known = kept.find(list(dict.fromkeys(keys)))
        judged = _judged(told, keys, frozenset(known), source, limits, held)
        while some := list(islice(judged, _AT_ONCE)):
            known.update(some)
            if kept is not None:
                kept.keep(some)
        if kept is not None and held:
            kept.note(held)
        elif kept is not None and keys:
            held |= kept.held
    return [known[key] for key in keys]


def _told(rows: pl.DataFrame, seeds: pl.DataFrame | None) -> pl.DataFrame:
    """What the function is told of each sample, in their order."""
    if seeds is None:
        return rows.select(*ROW, fields=pl.lit(None, pl.String), gold=pl.lit(None, pl.String))
    beside = seeds.select("seed_id", "fields", "gold").unique("seed_id", keep="first", maintain_order=True)
    return rows.join(beside, on="seed_id", how="left", maintain_order="left").select(*ROW, "fields", "gold")


def _keys(told: pl.DataFrame, source: Source) -> list[bytes]:
    """A hash of what is asked of whom, for each row."""
    whom = hashlib.blake2b(repr((_CONTRACT, source.text, source.function)).encode(), digest_size=32).digest()
    return [hashlib.blake2b(orjson.dumps(row), digest_size=16, key=whom).digest() for row in told.iter_rows()]


def _judged(
    told: pl.DataFrame,
    keys: Sequence[bytes],
    known: Collection[bytes],
    source: Source,
    limits: Limits,
    held: set[str],
) -> Iterator[tuple[bytes, CheckResult]]:
    """(key, verdict) of each row whose key is not known, in the order in which they come."""
    first = {key: i for i, key in reversed(list(enumerate(keys))) if key not in known}
    wanted = sorted(first.values())
    lines = (orjson.dumps([i, row]) + b"\n" for i, row in zip(wanted, told[wanted].iter_rows(named=True), strict=True))
    for i, verdict in pool.judge(source, zip(wanted, lines, strict=True), limits, held=held):
        yield keys[i], verdict
