"""The stages and reasons of dropped.parquet, as far as they mean more than themselves."""

from __future__ import annotations

SPARE = ("not_asked", "over_quota", "another_answer", "outvoted")
"""Reasons of rows that nobody missed."""
BEFORE = ("seeds", "expand", "generate")
"""Stages at which a row is a seed that was not asked."""
