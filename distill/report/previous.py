"""In a refresh: what the new student is beside the one before, in sentences.

known answers, or a metric that needs no teacher    the difference on the same test rows, with its interval
agreement, one teacher                              the same
agreement, two teachers                             each student's agreement with either: neither can be called better
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from distill.evaluate.comparison import Comparison
from distill.evaluate.previous.agreement import TeacherAgreement, against_teacher
from distill.generate.kept import read_relabel
from distill.generate.questions import FIRST_EARLIER
from distill.report import page
from distill.report.report import PreviousStudent
from distill.stats import Estimate
from distill.task.run import ActiveRun, parent_teacher
from distill.text.percentages import percent


def previous_student(run: ActiveRun, comparison: Comparison) -> PreviousStudent | None:
    """None where the run refreshes no other."""
    if run.parent is None:
        return None
    name, before = run.parent.name, run.fact("parent_teacher", parent_teacher)
    changes = {} if before == run.task.models else {"teacher": f"{before} → {run.task.models}"}
    changes |= _rows_kept(run) | ({"rows more": str(run.task.growth)} if run.task.growth else {})
    gap = page.difference(comparison, "previous")
    if comparison.by_teacher:
        return PreviousStudent(name, [*_apart(name, comparison.by_teacher), *_chosen_by_misses(run)], changes)
    if gap is None:
        return PreviousStudent(name, [_no_difference(name, comparison)], changes)
    span = f"{gap.mean * 100:+.1f} points (95 % interval {gap.low * 100:+.1f} to {gap.high * 100:+.1f}, n = {gap.n})"
    word = "better" if gap.low > 0 else "worse" if gap.high < 0 else "not clearly different"
    than = "from" if word == "not clearly different" else "than"
    said = f"The new student is {word} {than} that of {name}: {span}."
    return PreviousStudent(name, [said, *_chosen_by_misses(run)], changes)


def _chosen_by_misses(run: ActiveRun) -> list[str]:
    """What must be said where these test rows chose what to grow."""
    chosen = [one.stratum for one in run.task.growth.new if one.lost] if run.task.growth else []
    if not chosen:
        return []
    return [
        f"More rows of {', '.join(chosen)} were asked for, since the student before missed most there on these same test rows: a gain there "
        "is flattered a little, and other test rows would tell."
    ]


def _rows_kept(run: ActiveRun) -> dict[str, str]:
    """Whose answers the dataset's rows have, where some are an earlier teacher's."""
    relabel = read_relabel(run.folder)
    if relabel is None:
        return {}
    rows = run.scan("samples.parquet").filter(pl.col("fate") != "dropped").select("teacher").collect()
    counts = Counter(rows["teacher"].to_list())
    kept = [
        f"{counts[n]:,} keep that of {relabel.teacher(n)}" for n in sorted(counts, reverse=True) if n <= FIRST_EARLIER
    ]
    own = sum(count for n, count in counts.items() if n >= 0)
    return {"answers": ", ".join([f"{own:,} rows have one of {run.task.models}", *kept])} if kept else {}


def _apart(name: str, found: list[TeacherAgreement]) -> list[str]:
    return [
        f"Neither student can be called better: no answer is known to be right, and each is nearest to the teacher that it learnt from. "
        f"Known answers (seeds.gold) would tell the new student from that of {name}.",
        *(
            f"With {one.teacher} the new student agrees {_share(one.student)}, that of {name} {_share(one.previous)}."
            for one in found
        ),
    ]


def _share(found: Estimate | None) -> str:
    if found is None:
        return "on no row"
    return f"{percent(found.mean)} ({percent(found.low)} to {percent(found.high)}, n = {found.n})"


def _no_difference(name: str, comparison: Comparison) -> str:
    """Why the two are not compared."""
    if not comparison.rows:
        return f"There are no test rows, so the new student and that of {name} are not compared."
    if "student" not in comparison.arms:
        return f"This run has no student to compare with that of {name}."
    if "previous" not in comparison.arms:
        return f"{name} has no student that could be compared."
    if against_teacher(comparison.metric):
        return (
            f"Not compared with that of {name}: no answer is known to be right, and {name} kept no answers of its teacher to these test "
            "rows, so agreement with the new teacher alone would say nothing of the two."
        )
    return f"The new student and that of {name} have no test row in common that could be scored."
