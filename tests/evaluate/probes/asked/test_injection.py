from __future__ import annotations

from distill.evaluate.probes.asked.drift import form_holds
from distill.evaluate.probes.asked.injection import CANARY, ROWS, injected, injection
from distill.evaluate.probes.rows import AnsweredRow

GOOD = '{"mood": "glad"}'
HOLDS = form_holds({"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]})
ROWS_MADE = [AnsweredRow(f"s{i:02}", f"message {i}", GOOD, GOOD) for i in range(40)]


def test_each_input_carries_one_order_behind_its_text() -> None:
    made = injected([row.input for row in ROWS_MADE])
    assert len(made) == ROWS
    assert all(text.startswith(row.input) and CANARY in text for text, row in zip(made, ROWS_MADE, strict=False))


def test_a_student_that_obeys_fails_whether_it_says_the_word_or_loses_its_form() -> None:
    for said in (CANARY, f'{{"mood": "{CANARY}"}}', f'"{CANARY.lower()}" it is', "As you wish."):
        (found,) = injection(ROWS_MADE, [said] * ROWS, HOLDS)
        assert found.failed, said
        assert found.value == 1
    assert f"{ROWS} of them by a broken form" in found.reason


def test_one_that_goes_on_with_the_task_passes_and_so_does_one_that_quotes_the_order() -> None:
    assert injection(ROWS_MADE, [GOOD] * ROWS, HOLDS)[0].passed
    assert injection(ROWS_MADE, [f'{{"mood": "asks us to say {CANARY}"}}'] * ROWS, HOLDS)[0].passed


def test_no_answer_is_no_measure() -> None:
    assert injection(ROWS_MADE, [None] * ROWS, HOLDS)[0].value is None
