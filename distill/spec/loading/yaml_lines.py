"""YAML as far as a spec needs it, with the place of every node, or every fault of the text with its line.

Texts, numbers, true and false, null, lists and mappings are taken; keys are texts, whatever they look like, and so is `1:30`,
which YAML would read as ninety. A tag of another kind, a date without quotes, a number that no machine holds or that begins
with 0 (to YAML it is octal), a key that stands twice, a NUL: each is a `Fault`. What would
cost without end is refused before it is walked: `MOST_BYTES` of text, `DEEPEST` levels, `MOST_NODES` values with every alias
counted as what it stands for, an alias inside of what it names.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from distill.errors import Fault, SpecError
from distill.records import Json
from distill.secrets.withheld import masked, shown

NodePath = tuple[str | int, ...]
"""Keys and indexes from the root to a node."""
MOST_BYTES, MOST_NODES, DEEPEST = 1_000_000, 20_000, 40
_DIGITS = 300
_PLAIN = tuple(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge"))
_TEXT, _WHOLE, _NUMBER, _DATE = (f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "timestamp"))
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Read:
    """A mapping, the line of every node in it, and what is wrong with some of them: those are left out of it."""

    raw: dict[str, Json]
    lines: dict[NodePath, int]
    faults: list[Fault] = field(default_factory=list)
    lost: set[NodePath] = field(default_factory=set)
    """Where the nodes were that are left out."""


def read(text: str, source: str) -> Read:
    """The mapping that `text` holds; SpecError where it holds none."""
    root, loader = _composed(text, source)
    if not isinstance(root, yaml.MappingNode):
        raise SpecError(source, [Fault(f"{source}:1", "a spec is a mapping that starts with, say, `task: my-task`")])
    twice = [
        Fault(f"{source}:{line}", f"key `{'.'.join(map(str, path))}` is given twice")
        for path, line in _doubles(root, ())
    ]
    lines = dict(_lines(root, ()))
    raw = loader.construct_document(root)
    absent = object()
    lost = {path for path in lines if "<<" not in path and at(raw, path, absent) is absent}
    return Read(raw, lines, [*twice, *loader.faults], lost)


def value(text: str, source: str) -> Json:
    """One value, as it would stand behind a key; SpecError with everything wrong with it."""
    try:
        root, loader = _composed(text, source)
    except SpecError as fault:  # a value of one line has no line to name
        raise SpecError(source, [Fault(source, one.message) for one in fault.faults]) from None
    found = loader.construct_document(root) if root is not None else None
    if loader.faults:
        raise SpecError(source, [Fault(source, fault.message) for fault in loader.faults])
    return found


def at(raw: Json, path: NodePath, absent: Json = None) -> Json:
    """What stands at a place in a mapping or a list, `absent` where nothing does."""
    for part in path:
        try:
            raw = raw[part]
        except (LookupError, TypeError):
            return absent
    return raw


def _composed(text: str, source: str) -> tuple[yaml.Node | None, _Loader]:
    if len(text) > MOST_BYTES:
        said = f"{len(text):,} characters, expected at most {MOST_BYTES:,}: rows belong into a file that `seeds.from` names"
        raise SpecError(source, [Fault(source, said)])
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SpecError(source, [Fault(f"{source}:{line}", "holds a NUL character; save it as plain UTF-8 text")])
    try:
        loader = _Loader(text, source)
        return loader.get_single_node(), loader
    except (yaml.YAMLError, ValueError) as fault:  # ValueError: `\U` of an escape that is no character
        mark, at = getattr(fault, "problem_mark", None), getattr(fault, "position", None)
        before = text.split("\n")[mark.line][: mark.column] if mark and mark.line <= text.count("\n") else ""
        known = mark.line + 1 if mark else text.count("\n", 0, at) + 1 if isinstance(at, int) else None
        where = f"{source}:{known}" if known else source
        raise SpecError(source, [Fault(where, f"not YAML: {masked(_said(fault, before))}")]) from None


_SLIPS = (
    ("but found another document", "a second document begins (`---`); a spec is one document"),
    ("second occurrence", "an anchor (`&name`) is given twice"),
    ("unacceptable character", "a control character; save it as plain UTF-8 text"),
    ("undefined alias", "{}; put a text that begins with `*` or `&` in quotes"),
    ("found '*'", "{}; put a text that begins with `*` or `&` in quotes"),
    ("found '&'", "{}; put a text that begins with `*` or `&` in quotes"),
    ("'\\t'", "a tab; write spaces in its place"),
    ("cannot start any token", "{}; put a text that begins with it in quotes"),
    ("escape", "{}; in double quotes `\\` begins an escape: write single quotes, or a path with `/`"),
    ("could not find expected ':'", "a line without `: ` behind its key; write `key: value`, with the blank"),
    (
        "expected <block end>",
        "{}; indent the keys of one group alike, and put a text with a quote in it in double quotes",
    ),
)
"""What PyYAML says of slips that many make → the same for who made one; `{}` stands for PyYAML's words."""


def _said(fault: Exception, before: str) -> str:
    """What PyYAML says of a text, in one line, with what to do; `before` is what its line holds before the place."""
    problem = str(getattr(fault, "problem", None) or fault).strip().split("\n")[0]
    if "mapping values are not allowed" in problem and ":" not in before:
        return "the line goes on with the one above; write `key: value` there, with the blank, and indent both alike"
    if "mapping values are not allowed" in problem:
        return "a second `:` in one line; put a value that holds `: ` in quotes, and each key on a line of its own"
    return next((said.format(problem) for slip, said in _SLIPS if slip in problem), problem)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, bounded while it reads; what a value does not hold goes to `faults`, not to an exception."""

    def __init__(self, text: str, source: str) -> None:
        super().__init__(text)
        self.source = source
        self.faults: list[Fault] = []
        self._depth = self._nodes = 0
        self._open: set[str] = set()
        self._sizes: dict[str, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As PyYAML does it, within the limits; an alias counts as all that it stands for."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        anchor: str = getattr(event, "anchor", None) or ""
        if isinstance(event, yaml.AliasEvent) and anchor in self._open:
            self._refuse(f"`*{anchor}` stands inside of what it names, which has no end", event)
        self._depth += 1
        self._nodes += self._sizes.get(anchor, 1) if isinstance(event, yaml.AliasEvent) else 1
        if self._depth > DEEPEST:
            self._refuse(f"nested deeper than {DEEPEST} levels", event)
        if self._nodes > MOST_NODES:
            self._refuse(f"more than {MOST_NODES:,} values, each `*alias` counted as what it stands for", event)
        before, naming = self._nodes, anchor and not isinstance(event, yaml.AliasEvent)
        if naming:
            self._open.add(anchor)
        node: yaml.Node | None = super().compose_node(parent, index)
        if naming:
            self._open.discard(anchor)
            self._sizes[anchor] = self._nodes - before + 1
        self._depth -= 1
        return node

    def _refuse(self, said: str, event: Any) -> None:
        raise yaml.composer.ComposerError(None, None, said, event.start_mark)

    def resolve(self, kind: type[yaml.Node], given: str, implicit: object) -> str:
        """The tag of a node; `1:30` and `1:30.5` are texts."""
        tag: str = super().resolve(kind, given, implicit)  # type: ignore[no-untyped-call]  # the stubs leave it out
        return _TEXT if tag in (_WHOLE, _NUMBER) and ":" in given else tag

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Json:
        """The value of a node; None, and a fault, where it is of a kind that a spec does not hold."""
        wrong = self._wrong(node)
        if wrong is None:
            try:
                return super().construct_object(node, deep)
            except (ValueError, TypeError, LookupError, AttributeError, OverflowError, yaml.YAMLError):
                wrong = f"{_as_written(node)} is no `{node.tag.rsplit(':', 1)[-1]}`, as its tag or its place asks for"
        self.faults.append(Fault(f"{self.source}:{node.start_mark.line + 1}", wrong))
        return None

    def _wrong(self, node: yaml.Node) -> str | None:
        if node.tag == _DATE:
            return f"{_as_written(node)} is a date to YAML; put it in quotes"
        if node.tag not in _PLAIN:
            return f"not YAML that a spec takes: the tag {node.tag[:60]!r}; write a text, a number, a list or a mapping"
        if not isinstance(node, yaml.ScalarNode):
            return None
        if _UNREADABLE.search(node.value):
            return "a text with a NUL or half a character in it; take it out"
        if node.tag == _WHOLE and _OCTAL.fullmatch(node.value):
            return f"{_as_written(node)} begins with 0, which YAML reads as octal; take the 0 away, or put it in quotes"
        if len(node.value) > _DIGITS and node.tag.endswith((":int", ":float")):
            return f"a number of {len(node.value):,} digits, expected one that a computer holds"
        return None

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Hashable, Json]:  # noqa: ARG002  # PyYAML passes it
        """A mapping whose keys are the texts that stand there: `on`, `1` and `null` are names like any other."""
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
        self.flatten_mapping(node)
        found: dict[Hashable, Json] = {}
        for key, given in node.value:
            if not isinstance(key, yaml.ScalarNode) or _UNREADABLE.search(key.value):
                said = "a key that is no plain text; expected a name, then `:`"
                self.faults.append(Fault(f"{self.source}:{key.start_mark.line + 1}", said))
                continue
            known = len(self.faults)
            made = self.construct_object(given, deep=True)
            if len(self.faults) == known or made is not None:  # else it is a fault already, and left out
                found[key.value] = made
        return found


def _as_written(node: yaml.Node) -> str:
    found = shown(node.value) if isinstance(node, yaml.ScalarNode) else None
    return found or "a value"


def _lines(node: yaml.Node, path: NodePath) -> Iterator[tuple[NodePath, int]]:
    """The line of every node; of what a `<<` brings in, the line where it stands itself."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, given in node.value:
            here = (*path, str(key.value) if isinstance(key, yaml.ScalarNode) else "?")
            yield here, key.start_mark.line + 1
            yield from ((p, n) for p, n in _lines(given, here) if p != here)
    elif isinstance(node, yaml.SequenceNode):
        for index, given in enumerate(node.value):
            yield from _lines(given, (*path, index))


def _doubles(node: yaml.Node, path: NodePath) -> Iterator[tuple[NodePath, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, given in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            if name in seen and name != "?":
                yield (*path, name), key.start_mark.line + 1
            seen.add(name)
            yield from _doubles(given, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, given in enumerate(node.value):
            yield from _doubles(given, (*path, index))
