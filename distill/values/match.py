"""How much of a wanted value another one has, from 0 to 1, by the rules of its fields; and whether two values are the same.

    {"intent": "refund", "tags": ["a", "b"]} and {"intent": "Refund", "tags": ["b"]}   → (1 + 1/2) / 2

Objects are compared field by field, lists item by item, so a value that is right in part counts in part; what an answer makes
up counts against it. A field that is null is one that is not there. The same values are 1, whatever the rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from distill.records import Json, canonical
from distill.values import plain
from distill.values.free_text import label_like
from distill.values.likeness import TEXT_METRICS, TITLES, TextMetric, likeness
from distill.values.rules import ITEM, Path, Rule, Rules

_NO_RULES = Rules()
_SHOWN = 80
_PAIRS = 4096
"""Pairs of items that are compared with each other; longer lists are compared place by place."""
_SURE = 1 - 1e-9
_PARTS = re.compile(r"[,;|\n\uff0c\u3001]")
_BULLET = re.compile(r"^(?:[-*\u2022]|\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Match:
    """`value` is the share that is right; `wrong` says by field what is not, `reordered` names lists in another order."""

    value: float
    wrong: tuple[str, ...] = ()
    reordered: tuple[str, ...] = ()


def match(wanted: Json, found: Json, rules: Rules = _NO_RULES, path: Path = ()) -> Match:
    """What of `wanted` is in `found`."""
    rule = rules.at(path)
    if rule.kind != "exact":
        if isinstance(wanted, dict) and isinstance(found, dict):
            return _fields(wanted, found, rules, path)
        left, right = _items(wanted, found, rule, path), _items(found, wanted, rule, path)
        if left is not None and right is not None:
            return _lists(left, right, rules, path)
    if rule.kind in TEXT_METRICS and isinstance(wanted, str) and isinstance(found, str):
        return _likeness(rule.kind, wanted, found, path)
    if plain.same(wanted, found, rule):
        return Match(1.0)
    return Match(0.0, (f"{_at(path)}{_shown(found)}, expected {_shown(wanted)}",))


def _likeness(metric: TextMetric, wanted: str, found: str, path: Path) -> Match:
    value = likeness(metric, wanted, found)
    if value >= _SURE:
        return Match(1.0)
    return Match(value, (f"{_at(path)}{value:.0%} like the wanted text ({TITLES[metric]})",))


def same(left: Json, right: Json, rules: Rules = _NO_RULES, path: Path = ()) -> bool:
    """Whether two values are the same in all that is compared."""
    return match(left, right, rules, path).value >= _SURE


def classes(values: Sequence[Json], rules: Rules = _NO_RULES) -> list[int]:
    """For each value the place of the first one that is the same."""
    firsts: list[int] = []
    found: list[int] = []
    for i, value in enumerate(values):
        like = next((first for first in firsts if same(values[first], value, rules)), i)
        firsts += [i] if like == i else []
        found.append(like)
    return found


def _fields(wanted: Mapping[str, Json], found: Mapping[str, Json], rules: Rules, path: Path) -> Match:
    names = [name for name in wanted if rules.counts((*path, name))]
    if not path and "tool_calls" in names:  # what is said beside a call is not what was asked
        return _whole(_calls(wanted, found, rules))
    extra = [
        name for name, value in found.items() if name not in wanted and value is not None and rules.costs((*path, name))
    ]
    parts = [match(wanted[name], found.get(name), rules, (*path, name)) for name in names]
    lost = tuple(f"{_at((*path, name))}{_shown(found[name])}, which was not asked for" for name in extra)
    count = len(names) + len(extra)
    value = math.fsum(part.value for part in parts) / count if count else 1.0
    return Match(value, (*_all(parts, "wrong"), *lost), _all(parts, "reordered"))


def _calls(wanted: Mapping[str, Json], found: Mapping[str, Json], rules: Rules) -> Match:
    """Calls side by side, in whatever order; an argument by the rule of `tool_calls.arguments.NAME`."""
    one, other = wanted["tool_calls"], found.get("tool_calls")
    if isinstance(one, list) and isinstance(other, list):
        return _unordered(one, other, rules, ("tool_calls",), repeats=True)
    return match(one, other, rules, ("tool_calls",))


def _whole(found: Match) -> Match:
    """Right or wrong: a call with a wrong argument does another thing."""
    return found if found.value >= _SURE else Match(0.0, found.wrong)


def _items(value: Json, other: Json, rule: Rule, path: Path) -> list[Json] | None:
    """A list's items; those that a text names one after another where a set is asked for, or the whole answer is a list."""
    if isinstance(value, list):
        return value
    listed = not path and isinstance(other, list) and _labels(other)
    if isinstance(value, str) and (rule.kind == "set" or listed):
        return [_BULLET.sub("", part.strip()) for part in _PARTS.split(value) if part.strip()]
    return None


def _lists(wanted: list[Json], found: list[Json], rules: Rules, path: Path) -> Match:
    rule = rules.at(path)
    if rule.kind == "set":
        return _unordered(wanted, found, rules, path)
    if rule.kind is None and _labels(wanted) and _labels(found):
        got = _unordered(wanted, found, rules, path)
        moved = len(wanted) == len(found) and not all(map(same, wanted, found)) and got.value >= _SURE
        return Match(got.value, got.wrong, (".".join(filter(None, path)) or "the answer",) if moved else ())
    return _ordered(wanted, found, rules, path)


def _labels(items: Sequence[Json]) -> bool:
    """Whether items are short names, each once: nothing says that their order means anything."""
    names = [plain.name(one) for one in items if isinstance(one, str) and label_like(one)]
    return len(set(names)) == len(items)


def _unordered(wanted: list[Json], found: list[Json], rules: Rules, path: Path, *, repeats: bool = False) -> Match:
    """Each item with the one that is most like it."""
    left, right = (items if repeats else _once(items, rules, path) for items in (wanted, found))
    longest = max(len(left), len(right))
    if not longest:
        return Match(1.0)
    if len(left) * len(right) > _room(path):
        return _by_key(left, right, path)
    if not left or not right:
        return Match(0.0, (f"{_at(path)}{_shown(found)}, expected {_shown(wanted)}",))
    if len(left) == len(right) and _all_there(left, right, rules, path):
        return Match(1.0)
    from scipy.optimize import linear_sum_assignment

    pairs = [[match(one, other, rules, (*path, ITEM)).value for other in right] for one in left]
    rows, columns = linear_sum_assignment(pairs, maximize=True)
    value = math.fsum(pairs[i][j] for i, j in zip(rows, columns, strict=True)) / longest
    return Match(value, () if value >= _SURE else (f"{_at(path)}{_shown(found)}, expected {_shown(wanted)}",))


def _all_there(left: list[Json], right: list[Json], rules: Rules, path: Path) -> bool:
    """Whether each item has one of its own that is the same: the usual case, found without weighing them all."""
    rest = list(right)
    for one in left:
        place = next((i for i, other in enumerate(rest) if same(one, other, rules, (*path, ITEM))), None)
        if place is None:
            return False
        del rest[place]
    return True


def _room(path: Path) -> int:
    """Pairs of items that may be compared: fewer in lists within lists, or the work would multiply."""
    return _PAIRS >> (4 * path.count(ITEM))


def _once(items: list[Json], rules: Rules, path: Path) -> list[Json]:
    if len(items) ** 2 > _room(path):
        return list({plain.name(canonical(one)): one for one in items}.values())
    kept: list[Json] = []
    for one in items:
        if not any(same(one, other, rules, (*path, ITEM)) for other in kept):
            kept.append(one)
    return kept


def _by_key(left: list[Json], right: list[Json], path: Path) -> Match:
    """Of sets too long to compare each with each: what is spelt alike."""
    one, other = ({plain.name(canonical(item)) for item in items} for items in (left, right))
    value = len(one & other) / max(len(one), len(other))
    return Match(value, () if value >= _SURE else (f"{_at(path)}{_shown(right)}, expected {_shown(left)}",))


def _ordered(wanted: list[Json], found: list[Json], rules: Rules, path: Path) -> Match:
    """Item by item in order; one that is missing or too many moves the others, and does not make them wrong."""
    longest = max(len(wanted), len(found))
    if not longest:
        return Match(1.0)
    if len(wanted) * len(found) > _room(path):
        best = math.fsum(
            match(one, other, rules, (*path, ITEM)).value for one, other in zip(wanted, found, strict=False)
        )
    else:
        best = _aligned(wanted, found, lambda one, other: match(one, other, rules, (*path, ITEM)).value)
    value = best / longest
    return Match(value, () if value >= _SURE else (f"{_at(path)}{_shown(found)}, expected {_shown(wanted)}",))


def _aligned(wanted: list[Json], found: list[Json], alike: Callable[[Json, Json], float]) -> float:
    """The most that two lists have in common in order: the longest common subsequence, with parts of items."""
    above = [0.0] * (len(found) + 1)
    for one in wanted:
        row = [0.0]
        for j, other in enumerate(found):
            row.append(max(above[j] + alike(one, other), above[j + 1], row[j]))
        above = row
    return above[-1]


def _at(path: Path) -> str:
    """How a reason begins: with the field, where there is one."""
    named = ".".join(part for part in path if part)
    return f"{named}: " if named else ""


def _shown(value: Json) -> str:
    return "missing" if value is None else canonical(value)[:_SHOWN]


def _all(parts: Sequence[Match], name: str) -> tuple[str, ...]:
    return tuple(said for part in parts for said in getattr(part, name))
