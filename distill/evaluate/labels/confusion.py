"""Columns of labels → accuracy, macro-F1 and the confusion table of each arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from distill.evaluate.fields import FieldRules
from distill.evaluate.labels.columns import LabelColumn, columns
from distill.evaluate.labels.macro_f1 import macro_f1, macro_f1_gap
from distill.evaluate.labels.result import ArmLabels, ConfusedRow, Confusion, FieldLabels, LabelCount, LabelQuality
from distill.evaluate.scores import ALONE, of_rows
from distill.records import Json
from distill.stats import Estimate, mean_interval

_MOST = 10
_EXAMPLES = 3
_SHOWN = 200


def field_labels(
    rules: FieldRules,
    texts: Mapping[str, Mapping[str, str]],
    inputs: Mapping[str, str],
    schema: Mapping[str, Json] | None,
    clusters: Mapping[str, str] = ALONE,
) -> list[FieldLabels]:
    """Every field of labels by arm. `texts`: arm → seed_id → answer; `inputs`: seed_id → input; `clusters` as `clusters_of` finds them."""
    return [
        FieldLabels(
            column.name, column.against,
            {arm: _arm(column.wanted, said, inputs, clusters) for arm, said in column.said.items() if said},
            _gap(column, clusters),
        )
        for column in columns(rules, texts, schema)
    ]  # fmt: skip


def _arm(
    wanted: Mapping[str, str], said: Mapping[str, str], inputs: Mapping[str, str], clusters: Mapping[str, str]
) -> ArmLabels:
    seeds = sorted(said)
    together = of_rows(clusters, seeds)
    pairs = [(wanted[seed], said[seed]) for seed in seeds]
    names = sorted({label for label, _ in pairs})
    cells = Counter(pairs)
    ordered = sorted(cells.items(), key=lambda cell: (-cell[1], cell[0]))
    wrong = [(pair, count) for pair, count in ordered if pair[0] != pair[1]]
    return ArmLabels(
        accuracy=mean_interval([float(label == found) for label, found in pairs], together),
        macro_f1=macro_f1(*_numbered(pairs, names), len(names), together),
        labels=[_quality(name, pairs) for name in names],
        confusions=[
            Confusion(*pair, count, _examples([seed for seed in seeds if (wanted[seed], said[seed]) == pair], inputs))
            for pair, count in wrong[:_MOST]
        ],
        table=[LabelCount(*pair, count) for pair, count in ordered],
    )


def _numbered(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> tuple[list[int], list[int]]:
    number = {name: i for i, name in enumerate(names)}
    return [number[label] for label, _ in pairs], [number.get(found, -1) for _, found in pairs]


def _quality(name: str, pairs: Sequence[tuple[str, str]]) -> LabelQuality:
    wanted = sum(label == name for label, _ in pairs)
    found = sum(said == name for _, said in pairs)
    right = sum(label == said == name for label, said in pairs)
    return LabelQuality(
        name, wanted, found, right / found if found else None, right / wanted if wanted else None,
        2 * right / (wanted + found) if wanted + found else None,
    )  # fmt: skip


def _examples(seeds: Sequence[str], inputs: Mapping[str, str]) -> list[ConfusedRow]:
    return [ConfusedRow(seed, inputs.get(seed, "")[:_SHOWN]) for seed in seeds[:_EXAMPLES]]


def _gap(column: LabelColumn, clusters: Mapping[str, str]) -> Estimate | None:
    """The student's macro-F1 minus the teacher's; None where one of them is not held against known answers."""
    student, teacher = column.said.get("student", {}), column.said.get("teacher", {})
    both = sorted(student.keys() & teacher.keys())
    if not both:
        return None
    names = sorted({column.wanted[seed] for seed in both})
    wanted, own = _numbered([(column.wanted[seed], student[seed]) for seed in both], names)
    _, theirs = _numbered([(column.wanted[seed], teacher[seed]) for seed in both], names)
    return macro_f1_gap(wanted, own, theirs, len(names), of_rows(clusters, both))
