"""What a run that is started from Python writes to the log."""

from __future__ import annotations

import logging

import pytest

from distill.api.watch import Logged


def test_log_has_stages_and_lines_worth_keeping(caplog: pytest.LogCaptureFixture) -> None:
    watch = Logged()
    with caplog.at_level(logging.INFO, "distill"):
        watch.stage("curate", "again, since dedup.near changed")
        watch.skipped("generate")
        watch.training(step=2, steps=9, train_loss=0.5, valid_loss=None)
        watch.say("  warning: 100 % of rows went")
    assert caplog.messages == [
        "curate (again, since dedup.near changed)",
        "generate: unchanged, skipped",
        "train: step 2 of 9, loss 0.5, on the validation rows None",
        "warning: 100 % of rows went",
    ]
