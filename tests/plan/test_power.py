from __future__ import annotations

from distill.plan.power import enough, power_note


def test_the_old_question_left_most_undecided_and_the_new_one_decides_them() -> None:
    old, new = power_note(150, 0.02), power_note(400, 0.05)
    assert old is not None
    assert new is not None
    assert not enough(old)
    assert old.decided < 0.2
    assert old.rows_for_most is not None
    assert 1_900 < old.rows_for_most < 2_100
    assert 0.07 < old.margin_for_most < 0.09
    assert enough(new)


def test_without_a_margin_no_number_is_enough_and_without_rows_nothing_is_said() -> None:
    note = power_note(150, 0.0)
    assert note is not None
    assert (note.decided, note.rows_for_most) == (0.025, None)
    assert power_note(0, 0.05) is None
