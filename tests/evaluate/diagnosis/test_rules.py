"""Each rule has a made case that fires it alone; the case is what was measured, and no more than that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from distill.evaluate.diagnosis.confusion import ConfusedPair
from distill.evaluate.diagnosis.diagnose import diagnose
from distill.evaluate.diagnosis.measured import DiagnosisInput
from distill.evaluate.diagnosis.result import CauseName, NextAction
from distill.evaluate.diagnosis.rules import RULES
from distill.evaluate.diagnosis.shift import Shift
from distill.evaluate.diagnosis.starving import StarvingStratum
from distill.evaluate.diagnosis.training import TrainingLosses
from distill.evaluate.probes.result import ProbeQuestion, ProbeResult
from distill.stats import Estimate

WELL = DiagnosisInput(
    word="distil", margin=0.02, rows=150, unanswered=0, to_teacher=Estimate(0.01, -0.01, 0.03, 150),
    to_base=Estimate(0.4, 0.3, 0.5, 150), to_prompted=Estimate(0.2, 0.1, 0.3, 150), to_linear=Estimate(0.1, 0.05, 0.15, 150),
    teacher_right=Estimate(0.9, 0.85, 0.94, 150), taught=1.0, schema=Estimate(0.99, 0.96, 1.0, 150), trained=600, epochs=2,
    losses=TrainingLosses(100, 3.0, 0.20, 0.19, (0.22, 0.21), 2), seeds=800,
)  # fmt: skip
BEHIND = replace(WELL, word="do not distil", to_teacher=Estimate(-0.1, -0.15, -0.05, 150))
SHIFT = Shift(150, 0.2, 0.7)
PAIR = ConfusedPair("intent", "cancel", "return", 12, 11, 40, 15, (("s1", "take it back", "return", "cancel"),))
STARVING = StarvingStratum("intent", "account", 4, 60.0, Estimate(-0.3, -0.5, -0.1, 11))


def failed(probe: str) -> ProbeResult:
    return ProbeQuestion(probe, probe, "what it measures", "points", 10.0).answered(
        Estimate(40, 30, 50, 80), "40 of 80 rows"
    )


CASES: dict[CauseName, dict[str, Any]] = {
    "unanswered": {"unanswered": 40},
    "linear_is_better": {"to_linear": Estimate(-0.1, -0.15, -0.05, 150)},
    "embedding_is_better": {"to_embedding": Estimate(-0.1, -0.15, -0.05, 150)},
    "not_judged": {"word": "undecided", "metric": "agreement_chrf", "to_teacher": Estimate(-0.4, -0.5, -0.3, 150)},
    "too_few_test_rows": {
        "word": "undecided",
        "to_teacher": Estimate(-0.01, -0.05, 0.03, 150),
        "rows_needed": 300,
        "rows_at_most": 420,
    },
    "teacher_too_weak": {"teacher_right": Estimate(0.3, 0.25, 0.37, 150)},
    "training_not_needed": {"word": "do not distil", "to_base": Estimate(-0.01, -0.03, 0.01, 150)},
    "format_alone": {"schema": Estimate(0.6, 0.5, 0.7, 150), "broken": Estimate(0.0, -0.05, 0.05, 60)},
    "confused_labels": {"confused": PAIR},
    "starving_stratum": {"starving": STARVING},
    "probe_failed": {"probes": [failed("style")]},
    "nothing_to_do": {},
}
BEHIND_CASES: dict[CauseName, dict[str, Any]] = {
    "shift": {"shift": SHIFT},
    "overfitting": {"losses": TrainingLosses(100, 3.0, 0.1, 0.05, (0.3, 0.5), 1)},
    "trained_too_briefly": {"losses": TrainingLosses(100, 3.0, 0.5, 0.3, (0.5, 0.3), 2)},
    "student_too_small": {"losses": TrainingLosses(100, 3.0, 1.6, 1.6, (1.7, 1.7), 2)},
    "unexplained": {},
}
MADE = {name: replace(WELL, **case) for name, case in CASES.items()} | {
    name: replace(BEHIND, **case) for name, case in BEHIND_CASES.items()
}
STEPS = {
    "unanswered": "run TASK",
    "linear_is_better": "run TASK --set student.train.with=linear",
    "embedding_is_better": "run TASK --set student.train.with=embedding",
    "not_judged": "run TASK --set 'evaluate.judge={}'",
    "too_few_test_rows": "run TASK --set seeds.test.rows=420",
    "teacher_too_weak": "exam TASK --teacher MODEL",
    "training_not_needed": "chat mood/001",
    "format_alone": "run TASK",
    "shift": "run TASK",
    "confused_labels": "run TASK",
    "starving_stratum": "run TASK",
    "overfitting": "run TASK --set student.train.epochs=1",
    "trained_too_briefly": "run TASK --set student.train.epochs=4",
    "student_too_small": "run TASK --set student.train.base=BASE",
    "probe_failed": "run TASK --set student.train.learning_rate=0.0005",
    "nothing_to_do": "ship mood/001 --as gguf --out shipped",
    "unexplained": "curve mood/001",
}


@pytest.mark.parametrize("cause", [rule.cause for rule in RULES])
def test_each_rule_fires_alone_on_its_made_case(cause: CauseName) -> None:
    found = diagnose(MADE[cause])
    assert found is not None
    assert (found.cause, found.also) == (cause, [])
    assert found.sentence.endswith(".")
    assert found.evidence
    assert found.step.command("TASK", "mood/001") == f"distill {STEPS[cause]}"


def test_first_rule_is_the_cause_and_the_others_stand_beside_it() -> None:
    found = diagnose(replace(BEHIND, teacher_right=Estimate(0.3, 0.25, 0.37, 150), shift=SHIFT, starving=STARVING))
    assert found is not None
    assert found.cause == "teacher_too_weak"
    assert found.also == ["shift", "starving_stratum"]


def test_the_better_of_two_small_models_is_named() -> None:
    linear, embedding = Estimate(-0.1, -0.15, -0.05, 150), Estimate(-0.2, -0.25, -0.15, 150)
    for first, second, cause in ((linear, embedding, "embedding_is_better"), (embedding, linear, "linear_is_better")):
        found = diagnose(replace(WELL, to_linear=first, to_embedding=second))
        assert found is not None
        assert (found.cause, found.also) == (cause, [])


@pytest.mark.parametrize("word", ["dataset only", "not yet"])
def test_without_a_comparison_there_is_no_cause(word: str) -> None:
    assert diagnose(replace(WELL, word=word)) is None


def test_a_teacher_that_trains_nobody_may_be_weak() -> None:
    found = diagnose(replace(WELL, teacher_right=Estimate(0.3, 0.25, 0.37, 150), taught=0.0))
    assert found is not None
    assert found.cause == "nothing_to_do"


def test_forgetting_names_no_step_of_its_own() -> None:
    found = diagnose(replace(WELL, probes=[failed("forgetting")]))
    assert found is not None
    assert found.cause == "nothing_to_do"


@pytest.mark.parametrize("probe", ["memorisation", "style", "drift", "injection", "refusals", "out_of_distribution"])
def test_every_other_probe_has_a_sentence_and_a_step(probe: str) -> None:
    found = diagnose(replace(WELL, probes=[failed(probe)]))
    assert found is not None
    assert found.cause == "probe_failed"
    assert "40 of 80 rows" in found.sentence


def test_confused_labels_are_shown_with_rows() -> None:
    found = diagnose(MADE["confused_labels"])
    assert found is not None
    assert "'cancel' and 'return'" in found.sentence
    assert found.examples[0].note == "known: return; teacher: cancel"


def test_a_linear_student_that_stays_behind_is_too_small() -> None:
    found = diagnose(replace(BEHIND, linear=True, losses=None, to_linear=None))
    assert found is not None
    assert found.cause == "student_too_small"
    assert found.step.options == ["--set", "student.train.with=lora"]


def test_few_rows_come_before_what_they_cannot_show() -> None:
    found = diagnose(replace(BEHIND, to_teacher=Estimate(-0.1, -0.3, -0.01, 12)))
    assert found is not None
    assert found.cause == "too_few_test_rows"
    assert found.step.options == []


def test_more_test_rows_are_asked_for_as_the_spec_asks_for_them() -> None:
    """A share is taken out before a number is given, since the spec takes one of them; a file of test rows gets more rows itself."""
    few = MADE["too_few_test_rows"]
    steps = {
        "share": rules_step(replace(few, test_share=True)),
        "file": rules_step(replace(few, test_file="known.jsonl")),
        "seeds": rules_step(replace(few, seeds=300)),
    }
    assert steps["share"].options == ["--set", "seeds.test.share=null", "--set", "seeds.test.rows=420"]
    assert steps["file"].options == []
    assert "add them to known.jsonl" in steps["file"].text
    assert "the task has 300 rows in all: add rows to seeds.from" in steps["seeds"].text


def rules_step(seen: DiagnosisInput) -> NextAction:
    found = diagnose(seen)
    assert found is not None
    return found.step


def test_answers_that_no_metric_scored_are_no_lack_of_rows() -> None:
    found = diagnose(replace(WELL, word="undecided", to_teacher=None))
    assert found is not None
    assert (found.cause, found.step.text) == ("not_judged", "put right what the verdict names, and")
    assert "no metric scored" in found.sentence


def test_rows_that_nobody_can_number_are_told_as_a_least() -> None:
    """As the verdict says it; twice the rows are asked for."""
    step = rules_step(replace(MADE["too_few_test_rows"], rows_needed=160, rows_at_most=None))
    assert step.text.startswith("at least 160 test rows are needed to decide it")
    assert step.options == ["--set", "seeds.test.rows=300"]


def test_a_student_at_a_host_gets_no_step_that_is_refused_there() -> None:
    """`distill curve` trains nothing at a host, and its weights are nobody's to ship."""
    assert rules_step(replace(MADE["unexplained"], hosted=True)).verb == "run"
    assert rules_step(replace(WELL, hosted=True)).verb == "refresh"
