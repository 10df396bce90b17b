"""A YAML mapping with the line of every node in it; what YAML lets pass and a reader would not is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from distill.errors import Fault, SpecError

NodePath = tuple[str | int, ...]
"""Keys and indexes from the root to a node."""


def read(text: str, source: str) -> tuple[dict[str, Any], dict[NodePath, int]]:
    """The mapping and the line of every node in it; duplicate keys and anything but a mapping are refused."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f"{source}:{mark.line + 1}" if mark else source
        raise SpecError(source, [Fault(where, f"not YAML: {getattr(fault, 'problem', None) or fault}")]) from None
    if not isinstance(root, yaml.MappingNode) or not isinstance(raw, dict):
        raise SpecError(source, [Fault(f"{source}:1", "a spec is a mapping that starts with, say, `task: my-task`")])
    lines = dict(_lines(root, ()))
    twice = [
        Fault(f"{source}:{line}", f"key `{'.'.join(map(str, path))}` is given twice")
        for path, line in _doubles(root, ())
    ]
    if twice:
        raise SpecError(source, twice)
    return raw, lines


def _lines(node: yaml.Node, path: NodePath) -> Iterator[tuple[NodePath, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from ((p, n) for p, n in _lines(value, (*path, key.value)) if p != (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def _doubles(node: yaml.Node, path: NodePath) -> Iterator[tuple[NodePath, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*path, key.value), key.start_mark.line + 1
            seen.add(key.value)
            yield from _doubles(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _doubles(value, (*path, index))
