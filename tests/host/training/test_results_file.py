"""The result file."""

from __future__ import annotations

import base64

from distill.host.training import results_file


def test_it_is_a_csv_in_base64_with_a_row_for_each_step() -> None:
    metrics = {
        1: {"step": 1, "train_loss": 2.5, "train_mean_token_accuracy": 0.25},
        2: {
            "step": 2,
            "train_loss": 1.0,
            "train_mean_token_accuracy": 1 / 3,
            "valid_loss": 1.5,
            "valid_mean_token_accuracy": 0.5,
        },
    }
    assert base64.b64decode(results_file.content(metrics), validate=True).decode().splitlines() == [
        "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy",
        "1,2.50000,0.25000,,",
        "2,1.00000,0.33333,1.50000,0.50000",
    ]
