"""The sum of `distill roi` for a run's report: with the defaults for all that no run can measure, which the page says."""

from __future__ import annotations

from distill.advise.roi.roi import Roi, RoiRequest, roi
from distill.advise.roi.run_figures import RunModels, read_figures
from distill.evaluate.comparison import Comparison
from distill.task.run import ActiveRun, ledger


def by_default(run: ActiveRun, compared: Comparison) -> Roi | None:
    """None before student and teacher have both answered the test rows."""
    if not {"student", "teacher"} <= compared.arms.keys():
        return None
    spec = run.task.spec
    train = spec.student.train
    models = RunModels(spec.teacher.model, train.base, train.with_)
    return roi(read_figures(run.folder, run.fact("ledger", ledger), models), RoiRequest())
