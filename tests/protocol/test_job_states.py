"""The words of hosts for a state, read by one table."""

from __future__ import annotations

import pytest

from distill.protocol.job_states import State, meaning, of_file, says_unread


@pytest.mark.parametrize(
    ("words", "means"),
    [
        ("PENDING Processing in-progress IN_PROGRESS InProgress JOB_STATE_RUNNING queued VALIDATING CANCELLATION_REQUESTED", State.GOING),
        ("COMPLETED Succeeded SUCCESS ok READY ended JOB_STATE_SUCCEEDED JOB_STATE_PARTIALLY_SUCCEEDED Complete", State.COMPLETED),
        ("Failed ERROR JOB_STATE_FAILED user_error BATCH_STATE_FAILED", State.FAILED),
        ("canceled Cancelled CANCELLED Stopped job_state_cancelled", State.CANCELLED),
        ("EXPIRED TIMEOUT_EXCEEDED JOB_STATE_EXPIRED timed-out", State.EXPIRED),
        ("resting schwebend", State.UNKNOWN),
    ],
)  # fmt: skip
def test_a_state_is_known_in_any_case_and_spelling(words: str, means: State) -> None:
    assert {word: meaning(word) for word in words.split()} == dict.fromkeys(words.split(), means)
    assert means.ended == (means not in (State.GOING, State.UNKNOWN))


def test_no_word_at_all_is_unknown_for_a_job_and_read_for_a_file() -> None:
    assert meaning(None) is meaning("") is State.UNKNOWN
    assert of_file(None, uploaded_is_read=False) is State.COMPLETED


@pytest.mark.parametrize(
    ("word", "batch", "tuning"),
    [
        ("uploaded", State.COMPLETED, State.GOING),
        ("UPLOADED", State.COMPLETED, State.GOING),
        ("pending", State.GOING, State.GOING),
        ("Processing", State.GOING, State.GOING),
        ("notRunning", State.GOING, State.GOING),
        ("Processed", State.COMPLETED, State.COMPLETED),
        ("READY", State.COMPLETED, State.COMPLETED),
        ("ACTIVE", State.COMPLETED, State.COMPLETED),
        ("ok", State.COMPLETED, State.COMPLETED),
        ("Error", State.FAILED, State.FAILED),
        ("mulling", State.UNKNOWN, State.UNKNOWN),
    ],
)
def test_a_file_is_read_or_not(word: str, batch: State, tuning: State) -> None:
    assert of_file(word, uploaded_is_read=True) is batch
    assert of_file(word, uploaded_is_read=False) is tuning


@pytest.mark.parametrize(
    ("said", "unread"),
    [
        ("The file file-1 is not in the state Processed.", True),
        ("Input file is still being processed, try again later", True),
        ("file-7: file is not ready", True),
        ("The training file has not been processed yet", True),
        ("File status: pending", True),
        ("Please wait until the file is processed", True),
        ("Invalid input_file_id: file-1", False),
        ("The file has 3 examples, must have at least 10", False),
        ("line 3 of the file is not valid JSON", False),
        ("the model is still being processed", False),
    ],
)
def test_a_refusal_that_only_asks_for_patience(said: str, unread: bool) -> None:
    assert says_unread(said) is unread
