"""The figures that keep the package easy to find one's way in: small folders, short functions, one name for one thing."""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import distill

ROOT = Path(distill.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def nodes() -> Sequence[tuple[str, Function | ast.ClassDef | ast.Name]]:
    """(module, node) of every function, class and name."""
    kept = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Name)
    return [
        (str(path.relative_to(ROOT)), node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, kept)
    ]


def functions() -> Sequence[tuple[str, Function]]:
    """(module, function), methods too."""
    return [(name, node) for name, node in nodes() if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: Function) -> int:
    """Its lines without its docstring."""
    first = function.body[0]
    said = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) and first.end_lineno else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - said


def parameters(function: Function) -> int:
    given = [one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return len(given) - (given[:1] in (["self"], ["cls"]))


def test_no_folder_holds_more_than_twelve_modules() -> None:
    held = Counter(str(path.parent.relative_to(ROOT)) for path in MODULES if path.name != "__init__.py")
    assert {folder: count for folder, count in held.items() if count > 12} == {}


def test_functions_are_short_types_have_a_name_of_their_own_and_few_values_are_of_any_type() -> None:
    """One test, since it reads the whole package once. A verb of the command line has a parameter for each of its options."""
    lengths = sorted(length(function) for _, function in functions())
    assert lengths[len(lengths) * 9 // 10] <= 18
    assert [(name, one.name) for name, one in functions() if length(one) > 35] == []
    assert [(name, one.name) for name, one in functions() if parameters(one) > 8 and not name.startswith("cli/")] == []
    types = Counter(one.name for _, one in nodes() if isinstance(one, ast.ClassDef) and not one.name.startswith("_"))
    assert len([name for name, count in types.items() if count > 1]) <= 3
    assert sum(isinstance(one, ast.Name) and one.id == "Any" for _, one in nodes()) <= 150


def test_a_module_is_named_for_what_it_holds() -> None:
    vague = {"of", "lines", "read", "found", "utils", "helpers", "common", "manager", "misc"}
    assert [str(path) for path in MODULES if path.stem in vague] == []
