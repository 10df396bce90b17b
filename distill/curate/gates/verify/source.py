"""The user's file: found, parsed and hashed here, never imported. It runs only in processes of its own (sandbox/)."""

from __future__ import annotations

import ast
import hashlib
import warnings
from importlib.util import decode_source
from pathlib import Path

from distill.curate.gates.settings import FUNCTION
from distill.errors import Fault, SpecError
from distill.sandbox import pool
from distill.sandbox.process import SandboxLimits, Source
from distill.text.normalise import did_you_mean


def source_faults(function: str, folder: Path) -> list[Fault]:
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
        tree = _parsed(file)
    except _NotPython as fault:
        return [Fault(f"{file}:{fault.line}" if fault.line else str(file), str(fault))]
    return _function_faults(tree, name, file)


def read_source(function: str, folder: Path) -> Source:
    """The file as it is now; SpecError where it cannot be run."""
    if wrong := source_faults(function, folder):
        raise SpecError("verify", wrong)
    path, _, name = function.rpartition(":")
    file = (folder / path).resolve()
    return Source(file, decode_source(file.read_bytes()), name)


def fingerprint(function: str, folder: Path) -> str:
    """A hash of the file's bytes, on which its verdicts depend."""
    return hashlib.blake2b(read_source(function, folder).text.encode(), digest_size=16).hexdigest()


def import_once(function: str, folder: Path, *, megabytes: int) -> None:
    """Import the file where it will run, before anything is paid for; SpecError where that fails."""
    pool.greet(read_source(function, folder), SandboxLimits(megabytes=megabytes))


class _NotPython(Exception):
    """Why a file is no Python, and the line, or 0."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line


def _parsed(file: Path) -> ast.Module:
    try:
        source = file.read_bytes()
    except OSError as fault:
        raise _NotPython(f"cannot be read: {fault.strerror}") from None
    if b"\0" in source:  # of which not every Python says where it stands
        line = source.count(b"\n", 0, source.index(b"\0")) + 1
        raise _NotPython("no Python: it holds a NUL byte", line)
    try:
        with warnings.catch_warnings(action="ignore"):  # of an odd escape and the like: its author's, not ours
            return ast.parse(source, str(file))
    except SyntaxError as fault:
        raise _NotPython(f"no Python: {fault.msg}", fault.lineno or 1) from None
    except (ValueError, RecursionError, MemoryError) as fault:
        raise _NotPython(f"no Python: {fault}") from None


def _function_faults(tree: ast.Module, name: str, file: Path) -> list[Fault]:
    """Whether the file binds the name, and where it defines the function, whether it can be called with a row."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    node = next((top for top in reversed(tree.body) if top in functions and getattr(top, "name", "") == name), None)
    if isinstance(node, ast.AsyncFunctionDef):
        return [Fault(f"{file}:{node.lineno}", f"`async def {name}`: expected a plain function")]
    if isinstance(node, ast.FunctionDef):
        if _takes_a_row(node.args):
            return []
        return [Fault(f"{file}:{node.lineno}", f"`{name}` is called with one argument, the row")]
    if name in _bound_names(tree):
        return []
    return [Fault(str(file), f"defines no function {name!r}{did_you_mean(name, [node.name for node in functions])}")]


def _takes_a_row(arguments: ast.arguments) -> bool:
    required = len(arguments.args) + len(arguments.posonlyargs) - len(arguments.defaults)
    takes_one = required <= 1 and (arguments.args or arguments.posonlyargs or arguments.vararg)
    return bool(takes_one) and all(default is not None for default in arguments.kw_defaults)


def _bound_names(tree: ast.Module) -> set[str]:
    """Names that are assigned or imported by name, anywhere in the file."""
    nodes = list(ast.walk(tree))
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imports = [alias for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    return assigned | {alias.asname or alias.name for alias in imports}
