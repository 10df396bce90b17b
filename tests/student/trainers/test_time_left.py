"""How long training still takes, from the lines of its loss curve."""

from __future__ import annotations

from itertools import pairwise

import pytest

from distill.student.trainers.time_left import TimeLeft

ROWS = [*range(120, 20, -4), *range(118, 20, -4)]
"""Tokens of the batches of an epoch: the longest first, twice, as rows are grouped."""
TOKEN_S, START_S, CHECK_S = 0.01, 30.0, 4.0


def told(later: float, guess: float, epochs: int = 2) -> list[tuple[float, float | None]]:
    """(seconds really left, seconds said) after each line: a step takes its tokens' time, the first one 30 s of one-off work too."""
    clock, lines, tokens = 0.0, [], 0
    for epoch in range(epochs):
        for n, batch in enumerate(ROWS):
            tokens += batch
            clock += batch * TOKEN_S * (1.0 if epoch == 0 else later) + (START_S if epoch == n == 0 else 0.0)
            lines.append((tokens, clock, True))
        clock += CHECK_S
        lines.append((tokens, clock, False))
    left = TimeLeft(per_epoch=sum(ROWS), epochs=epochs)
    return [(clock - at, left.after(read, at, trained=trained, later=guess)) for read, at, trained in lines]


def test_nothing_is_said_before_two_steps_beyond_the_first_were_timed() -> None:
    said = [second for _, second in told(1.0, 1.0)]
    assert said[:2] == [None, None]
    assert said[2] is not None


def test_the_first_step_and_long_rows_at_first_do_not_mislead() -> None:
    """A mean over steps from the start would say eight times as much at step 3; here only the two looks at the
    validation rows, of which nothing is known yet, are missing.
    """
    for really, said in told(1.0, 1.0):
        assert said is None or said == pytest.approx(really, abs=2 * CHECK_S + 0.01)


def test_what_the_look_at_the_validation_rows_takes_is_known_after_the_first() -> None:
    lines = told(1.0, 1.0)
    really, said = lines[len(ROWS)]
    assert said == pytest.approx(really)
    assert lines[-1] == (0.0, pytest.approx(0.0))


@pytest.mark.parametrize("guess", [0.3, 0.5, 1.0])
def test_a_shorter_second_epoch_is_guessed_and_then_measured(guess: float) -> None:
    """After two of its own steps the guess does not matter any more, and a third epoch is as the second."""
    lines = told(0.5, guess, epochs=3)
    first = [said for really, said in lines[2 : len(ROWS)]]
    rest = sum(ROWS) * TOKEN_S
    assert first[0] == pytest.approx(rest * (1 + 2 * guess) - sum(ROWS[:3]) * TOKEN_S)
    for really, said in lines[len(ROWS) + 4 :]:
        assert said == pytest.approx(really, abs=0.01)


def test_it_only_falls_where_every_token_takes_the_same_time() -> None:
    said = [second for _, second in told(1.0, 1.0)[2 : len(ROWS)] if second is not None]
    assert all(before > after for before, after in pairwise(said))


def test_part_of_an_epoch_counts_as_a_part() -> None:
    left = TimeLeft(per_epoch=100, epochs=1.5)
    for tokens in (10, 20, 30):
        said = left.after(tokens, tokens / 10, trained=True, later=1.0)
    assert said == pytest.approx(12.0)
