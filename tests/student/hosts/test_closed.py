"""A host that makes no tuning jobs any more is known by what it says, and no other refusal is taken for that."""

from __future__ import annotations

import pytest

from distill.student.hosts import closed


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "This organization can no longer create fine-tuning jobs"),
        (403, "Fine-tuning is not available for your organization."),
        (400, "Creating new fine-tuning jobs has been discontinued."),
        (400, "Training was deprecated on 7 May 2026"),
    ],
)
def test_a_closed_service_is_known(status: int, message: str) -> None:
    assert closed.says_closed(status, message)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Training file has 3 example(s), must have at least 10"),
        (400, "Model gpt-6-luna is not available for fine-tuning"),
        (400, "The training file file-1 is closed"),
        (403, "You have insufficient permissions for this operation"),
        (404, "Fine-tuning is not available here"),
    ],
)
def test_other_refusals_are_not(status: int, message: str) -> None:
    assert not closed.says_closed(status, message)
