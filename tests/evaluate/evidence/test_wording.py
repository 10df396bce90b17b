from __future__ import annotations

from distill.evaluate.evidence import wording
from distill.evaluate.evidence.seen import Evidence
from distill.stats import Estimate

SEEN = Evidence("json_fields", 0.05, 30, beyond=30, to_teacher=Estimate(0.0, -0.1, 0.1, 30))


def test_agreement_is_told_beside_correctness_only_where_it_is_of_more_rows() -> None:
    agreed = Evidence("json_fields", 0.05, 30, beyond=30, agreement=Estimate(0.75, 0.63, 0.85, 60))
    assert wording.agreeing(agreed).startswith("By agreement, another measure")
    assert wording.agreeing(Evidence("json_fields", 0.05, 30, agreement=Estimate(0.75, 0.63, 0.85, 60))) == ""
    assert wording.agreeing(SEEN) == ""


def test_rows_without_a_known_answer_are_named_and_not_missing() -> None:
    assert wording.left_out(SEEN) == "30 of 60 test rows have no known answer, and are none of these."
