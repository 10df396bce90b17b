"""The figures that keep the package easy to find one's way in: small folders, short functions, one name for one thing."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import distill

ROOT = Path(distill.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    """(module, function), methods too."""
    return (
        (name, node)
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


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


def test_functions_are_short_and_take_few_parameters() -> None:
    """A verb of the command line has a parameter for each of its options."""
    lengths = sorted(length(function) for _, function in functions())
    assert lengths[len(lengths) * 9 // 10] <= 18
    assert [(name, one.name) for name, one in functions() if length(one) > 35] == []
    assert [(name, one.name) for name, one in functions() if parameters(one) > 8 and not name.startswith("cli/")] == []


def test_a_type_has_a_name_of_its_own() -> None:
    found = Counter(
        node.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert len([name for name, count in found.items() if count > 1]) <= 3


def test_few_values_are_of_any_type() -> None:
    assert sum(isinstance(n, ast.Name) and n.id == "Any" for tree in TREES.values() for n in ast.walk(tree)) <= 150


@pytest.mark.parametrize("name", ["of", "lines", "read", "found", "utils", "helpers", "common", "manager", "misc"])
def test_a_module_is_named_for_what_it_holds(name: str) -> None:
    assert [str(path) for path in MODULES if path.stem == name] == []
