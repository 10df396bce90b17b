"""Which fields of a task's answers are compared on its test rows, the same ones on every row, and how.

Comes in: the rows' known answers, the teacher's, and their inputs. Goes out: the rules for each metric. A field is left out where
its texts are free (`distill.values.free_text`): that two sentences differ says nothing, and equality would count as half of the score.
It stays where the teacher and the known answers agree in it often, or where the spec names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from distill.evaluate.metrics import NotScorable, expected, known
from distill.evaluate.metrics.texts import FreeText
from distill.records import Json
from distill.text.normalise import did_you_mean
from distill.values import answer, free_text, match
from distill.values import rules as value_rules
from distill.values.answer import Unreadable
from distill.values.rules import Path, Rule, Rules

AnswerKind = Literal["fields", "plain", "text"]
T = TypeVar("T")
_NO_TEXT = FreeText()
_OFTEN = 1 / 3
"""Share of the rows in which the teacher has a long text right, from which it is one that can be compared."""
_USUAL = 0.2
"""Share of the teacher's answers with a field, from which it is one of the task's where no schema says so."""


@dataclass(frozen=True, slots=True)
class FieldRules:
    """The rules of json_fields and of agreement, what answers are, and what a reader of the scores must know."""

    gold: Rules
    teacher: Rules
    kind: AnswerKind
    notes: tuple[str, ...] = ()
    free_gold: FreeText = _NO_TEXT
    free_teacher: FreeText = _NO_TEXT
    """The free texts of the known answers and of the teacher's, which are in no share of fields."""
    wanted: Mapping[str, Json] = field(default_factory=dict)
    theirs: Mapping[str, Json] = field(default_factory=dict)
    """Known answers and the teacher's, as values by seed."""


def field_rules(
    *,
    schema: Mapping[str, Json] | None,
    given: Mapping[str, Rule] | Rule | None,
    only: Sequence[str],
    golds: Mapping[str, Mapping[str, Json]],
    teacher: Mapping[str, str],
    inputs: Mapping[str, str],
) -> FieldRules:
    """`golds`, `teacher` and `inputs` are by seed: known answers, the teacher's answers as text, and inputs."""
    rules = replace(value_rules.of(schema, given), only=frozenset(only))
    wanted = _readable(golds, lambda gold: known(gold, schema, rules))
    theirs = _readable(teacher, lambda text: answer.read(text, expected(schema, None, rules)))
    usual = Counter(path for value in theirs.values() for path in set(value_rules.paths(value)))
    of_task = {path for path, count in usual.items() if count >= _USUAL * len(theirs)}
    free = _free(wanted, rules, inputs, beside=theirs)
    of_gold = _without(rules, free, rules.known | (of_task if not rules.known else set()), wanted.values())
    names = {path[0] for value in wanted.values() if isinstance(value, dict) for path in [(name,) for name in value]}
    free_there = _free(theirs, rules, inputs)
    free_theirs = free_there - (_all_paths(wanted.values()) - free)
    of_teacher = _without(rules, free_theirs, rules.known, theirs.values())
    if not only and names:  # the fields of the known answers, on rows with one and without alike
        of_teacher = replace(of_teacher, only=frozenset(names))
    values = list(wanted.values()) or list(theirs.values())
    kind = _kind(values, of_gold if wanted else of_teacher)
    lost = len(golds) - len(wanted)
    notes = [_unusable(lost, schema)] if lost else []
    notes += [
        *_unknown(given, only, [*wanted.values(), *theirs.values()]),
        *_notes(free if wanted else free_theirs, kind),
    ]
    gold_text, teacher_text = (
        FreeText(tuple(sorted(filter(rules.counts, paths))), kind == "text") for paths in (free, free_there)
    )
    return FieldRules(of_gold, of_teacher, kind, tuple(notes), gold_text, teacher_text, wanted, theirs)


def _unusable(count: int, schema: Mapping[str, Json] | None) -> str:
    one = count == 1
    return (
        f"{count} known answer{' is a plain value' if one else 's are plain values'}, and answers have the fields "
        f"{', '.join(value_rules.names(schema))}: {'it counts' if one else 'they count'} in no score. Write "
        f"{'it as an object' if one else 'them as objects'}."
    )


def _unknown(given: Mapping[str, Rule] | Rule | None, only: Sequence[str], values: Sequence[Json]) -> Iterable[str]:
    """Names in evaluate.compare that no answer has: the schema, where there is one, was asked before."""
    there = {".".join(path) for path in _all_paths(values)} | {answer.WHOLE}
    for name in (*only, *(given if isinstance(given, Mapping) else ())):
        if values and name not in there:
            yield f"evaluate.compare names `{name}`, which no answer to a test row has{did_you_mean(name, there)}"


def _readable(rows: Mapping[str, T], read: Callable[[T], Json]) -> dict[str, Json]:
    values = {}
    for seed, row in rows.items():
        with suppress(Unreadable, NotScorable):
            values[seed] = read(row)
    return values


def _free(
    values: Mapping[str, Json], rules: Rules, inputs: Mapping[str, str], beside: Mapping[str, Json] | None = None
) -> set[Path]:
    """The paths of free texts; `beside` are the teacher's values, where these are known ones."""
    texts: dict[Path, list[tuple[str, str]]] = {}
    for seed, value in values.items():
        for path, text in _texts(value, ()):
            texts.setdefault(path, []).append((text, seed))
    return {
        path
        for path, found in texts.items()
        if rules.at(path).kind is None
        and path not in rules.closed
        and not (path and path[0] in rules.only)
        and free_text.free([text for text, _ in found], [inputs.get(seed, "") for _, seed in found])
        and not (beside and _agree(path, found, beside))
    }


def _agree(path: Path, found: Sequence[tuple[str, str]], beside: Mapping[str, Json]) -> bool:
    pairs = [
        (text, [other for at, other in _texts(beside[seed], ()) if at == path])
        for text, seed in found
        if seed in beside
    ]
    right = sum(any(match.same(text, other) for other in others) for text, others in pairs)
    return bool(pairs) and right >= _OFTEN * len(pairs)


def _texts(value: Json, path: Path) -> Iterable[tuple[Path, str]]:
    """(path, text) of every text in a value; those in lists have the path of their list."""
    if isinstance(value, str):
        yield path, value
    for name, inside in value.items() if isinstance(value, dict) else ():
        yield from _texts(inside, (*path, name))
    for inside in value if isinstance(value, list) else ():
        yield from _texts(inside, path)


def _all_paths(values: Iterable[Json]) -> set[Path]:
    return {path for value in values for path in value_rules.paths(value)}


def _without(rules: Rules, free: set[Path], of_task: Iterable[Path], values: Iterable[Json]) -> Rules:
    ignored = {path: Rule("ignore") for path in free}
    return replace(rules, of={**rules.of, **ignored}, known=frozenset(of_task), measured=frozenset(_all_paths(values)))


def _kind(values: Sequence[Json], rules: Rules) -> AnswerKind:
    objects = [value for value in values if isinstance(value, dict)]
    if 2 * len(objects) <= len(values):
        return "plain" if rules.counts(()) else "text"
    return "fields" if any(rules.counts((name,)) for value in objects for name in value) else "text"


def _notes(free: Iterable[Path], kind: AnswerKind) -> Iterable[str]:
    names = sorted(".".join(path) for path in free if path)
    if names and kind != "text":
        listed, one = ", ".join(f"`{name}`" for name in names), len(names) == 1
        yield (
            f"{listed} {'is' if one else 'are'} free text, where many wordings are right, and {'counts' if one else 'count'} in no "
            f"share of fields. evaluate.compare: {{{names[0]}: chrf}} counts {'it' if one else 'such a field'} by likeness, "
            f"{{{names[0]}: text}} as it stands."
        )
