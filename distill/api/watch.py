"""Who watches a run that is started from Python: the log `distill`, at level INFO."""

from __future__ import annotations

import logging

from distill.teacher.progress import Progress

_LOG = logging.getLogger("distill")


class Logged:
    """Writes the beginning of each stage and every line worth keeping to the log; progress is not logged."""

    def stage(self, name: str, note: str = "") -> None:
        _LOG.info("%s%s", name, f" ({note})" if note else "")

    def skipped(self, name: str) -> None:
        _LOG.info("%s: unchanged, skipped", name)

    def progress(self, spender: str, progress: Progress) -> None: ...

    def training(self, *, step: int, steps: int, train_loss: float | None, valid_loss: float | None) -> None:
        _LOG.info("train: step %s of %s, loss %s, on the validation rows %s", step, steps, train_loss, valid_loss)

    def say(self, text: str) -> None:
        _LOG.info("%s", text.strip())
