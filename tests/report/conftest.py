"""A whole report: as report.json has it, and as the page reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any

import pytest
from report_sample import sample

from distill.evaluate.comparison import Comparison
from distill.report.curation import CurationSection
from distill.report.report import Report
from distill.text.from_json import from_json


@pytest.fixture
def typed() -> Callable[[dict[str, Any]], Report]:
    """The keys of report.json → the report."""
    return of_json


def has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def of_json(flat: dict[str, Any]) -> Report:
    parts = {
        name: {each.name: flat[each.name] for each in fields(kind) if each.name in flat or not has_default(each)}
        for name, kind in (("comparison", Comparison), ("curation", CurationSection))
    }
    student = {"base": flat["student"]["base"], "with_": flat["student"]["with"], "engine": flat["student"]["engine"]}
    return from_json(Report, flat | parts | {"student": student})


@pytest.fixture
def report() -> dict[str, Any]:
    return sample()
