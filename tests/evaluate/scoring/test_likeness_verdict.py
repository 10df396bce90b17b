"""What likeness to the teacher's text can say, and what it cannot."""

from __future__ import annotations

from distill.evaluate.scoring.likeness_verdict import by_likeness, with_caution
from distill.evaluate.verdict import ComparisonVerdict

SEEDS = [f"s{i}" for i in range(30)]


def scores(**means: float) -> dict[tuple[str, str], dict[str, float]]:
    """Scores by arm that vary a little around their mean."""
    return {
        (arm, "agreement_chrf"): {seed: mean + (i % 3 - 1) / 50 for i, seed in enumerate(SEEDS)}
        for arm, mean in means.items()
    }


def test_no_student_fails_for_not_writing_as_the_teacher_writes() -> None:
    found = by_likeness(scores(teacher=0.98, student=0.4, base=0.4), "agreement_chrf")
    assert found is not None
    assert found.word == "undecided"
    assert "is 40.0 % like the teacher's by chrF (95 % interval" in found.sentences[1]
    assert "It is not clearly nearer to it than the untrained small model" in found.sentences[2]
    assert "known answers (seeds.gold)" in found.sentences[-1]


def test_nearer_and_farther_are_told_apart() -> None:
    found = by_likeness(scores(student=0.5, base=0.3, prompted_base=0.7), "agreement_chrf")
    assert found is not None
    assert "nearer to it than the untrained small model: +20.0 points" in found.sentences[2]
    assert "farther from it than the untrained small model with the teacher's prompt: \u221220.0" in found.sentences[3]


def test_other_metrics_have_their_own_verdict() -> None:
    assert by_likeness(scores(student=0.5), "chrf") is None
    assert by_likeness({}, "agreement_chrf") is None
    bare = ComparisonVerdict("distil", ["Distil."])
    assert with_caution(bare, "json_fields") == bare
    assert "All of this is by ROUGE-L" in with_caution(bare, "rouge_l").sentences[-1]
