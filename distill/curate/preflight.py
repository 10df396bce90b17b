"""Which samples the student's base can read whole: the pre-flight of curation, so that quotas refill what it drops.

lora     counted by the base's own tokeniser; where the training libraries are not installed, by tiktoken,
         and the trainer counts again before it starts
hosted   counted by tiktoken, as the host bills
none     nothing is trained, so nothing is dropped
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from distill import tokens
from distill.tables.outcome import Outcome, dropped_frame, ordered, summary
from distill.task.task import Project
from distill.teacher.endpoint import embedded

if TYPE_CHECKING:
    import polars as pl

    from distill.curate.fit import Count

HOSTED_CONTEXT = 65_536
"""Tokens a training row may hold at OpenAI's host for the models that it tunes; `student.train.context` overrides."""


def base_folder(project: Project) -> Path:
    """The embedded base as the trainer reads it; dequantised on the first call, which takes seconds."""
    from distill.student.trainers import base

    return base.dequantised(embedded.gguf(), project.home / ".distill" / "base")


def fit(project: Project, samples: pl.DataFrame) -> Outcome:
    """Partition the samples; the tokeniser is loaded only where there is a row to count."""
    from distill.curate import fit as preflight

    train = project.spec.student.train
    if train.with_ == "none" or samples.height == 0:
        nothing = dropped_frame()
        return Outcome(ordered(samples), nothing, summary("preflight", samples.height, nothing), samples.clear())
    count, markup = _reader(project)
    context = train.context or (embedded.CONTEXT if train.with_ == "lora" else HOSTED_CONTEXT)
    return preflight.check(samples, count=count, context=context, markup=markup)


def _reader(project: Project) -> tuple[Count, tuple[str, ...]]:
    train = project.spec.student.train
    if train.with_ == "lora" and importlib.util.find_spec("transformers"):
        return _tokeniser(base_folder(project))
    return functools.partial(tokens.count_messages, model=train.base), ()


@functools.cache
def _tokeniser(folder: Path) -> tuple[Count, tuple[str, ...]]:
    from distill.student.trainers import tokenise

    return tokenise.counter(folder)
