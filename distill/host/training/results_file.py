"""The result file of a job: a CSV of its losses, in base64, as the public API gives it.

step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy
1,2.31416,0.41667,,
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping

from distill.records import Json

NAME = "step_metrics.csv"
PURPOSE = "fine-tune-results"
_COLUMNS = {
    "step": "step",
    "train_loss": "train_loss",
    "train_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
}


def content(metrics: Mapping[int, Mapping[str, Json]]) -> bytes:
    """The file for what was measured at each step; what was not measured is left empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for step, row in metrics.items():
        table.writerow([_cell({"step": step, **row}.get(name)) for name in _COLUMNS.values()])
    return base64.b64encode(text.getvalue().encode())


def _cell(value: Json) -> str:
    return "" if value is None else f"{value:.5f}" if isinstance(value, float) else str(value)
