"""How long training still takes, from the lines of its loss curve."""

from __future__ import annotations

from itertools import pairwise

import pytest

from distill.student.trainers.progress.time_left import TimeLeft

ROWS = [*range(120, 20, -4), *range(118, 20, -4)]
"""Tokens of the batches of an epoch: the longest first, twice, as rows are grouped."""
TOKEN_S, START_S, VALID = 0.01, 30.0, 400


def told(later: float, guess: float, epochs: int = 2) -> list[tuple[float, float | None]]:
    """(seconds really left, seconds said) after each line: a step takes its tokens' time, the first one 30 s of one-off work too."""
    clock, lines, tokens = 0.0, [], 0
    for epoch in range(epochs):
        for n, batch in enumerate(ROWS):
            tokens += batch
            clock += batch * TOKEN_S * (1.0 if epoch == 0 else later) + (START_S if epoch == n == 0 else 0.0)
            lines.append((tokens, clock, True))
        clock += VALID * TOKEN_S * (1.0 if epoch == 0 else later)
        lines.append((tokens, clock, False))
    left = TimeLeft(per_epoch=sum(ROWS), valid=VALID, epochs=epochs)
    return [(clock - at, left.after(read, at, trained=trained, later=guess)) for read, at, trained in lines]


def test_nothing_is_said_before_two_steps_beyond_the_first_were_timed() -> None:
    said = [second for _, second in told(1.0, 1.0)]
    assert said[:2] == [None, None]
    assert said[2] is not None


def test_the_first_step_and_long_rows_at_first_do_not_mislead() -> None:
    """A mean over steps from the start would say eight times as much at step 3."""
    for really, said in told(1.0, 1.0):
        assert said is None or said == pytest.approx(really)


def test_a_look_at_the_validation_rows_that_takes_longer_is_measured() -> None:
    left = TimeLeft(per_epoch=100, valid=10, epochs=2)
    lines = [(10, 1.0, True), (50, 5.0, True), (100, 10.0, True), (100, 13.0, False)]
    said = [left.after(tokens, at, trained=trained, later=1.0) for tokens, at, trained in lines]
    assert said[2:] == [pytest.approx(10 + 2), pytest.approx(10 + 3)]


@pytest.mark.parametrize("guess", [0.3, 0.5, 1.0])
def test_a_shorter_second_epoch_is_guessed_and_then_measured(guess: float) -> None:
    """After two of its own steps the guess does not matter any more, and a third epoch is as the second."""
    lines = told(0.5, guess, epochs=3)
    first = [said for really, said in lines[2 : len(ROWS)]]
    rest = (sum(ROWS) + VALID) * TOKEN_S
    assert first[0] == pytest.approx(rest * (1 + 2 * guess) - sum(ROWS[:3]) * TOKEN_S)
    looks = 2 * VALID * TOKEN_S
    for really, said in lines[len(ROWS) + 4 :]:
        assert said == pytest.approx(really, abs=looks * abs(guess - 0.5) + 0.01)


def test_it_only_falls_where_every_token_takes_the_same_time() -> None:
    said = [second for _, second in told(1.0, 1.0)[2 : len(ROWS)] if second is not None]
    assert all(before > after for before, after in pairwise(said))


def test_a_training_that_goes_on_in_its_second_epoch_counts_what_is_left() -> None:
    """Its own first epoch keeps no states yet, so the third of all is the shorter one; the look after the first is done."""
    left = TimeLeft(per_epoch=100, valid=10, epochs=3)
    for tokens in (120, 130, 140):
        said = left.after(tokens, (tokens - 100) / 10, trained=True, later=0.5)
    assert said == pytest.approx(6 + 5 + 1 + 0.5)


def test_part_of_an_epoch_counts_as_a_part() -> None:
    left = TimeLeft(per_epoch=100, valid=0, epochs=1.5)
    for tokens in (10, 20, 30):
        said = left.after(tokens, tokens / 10, trained=True, later=1.0)
    assert said == pytest.approx(12.0)


TOKENS = """
1134 2013 2807 3532 4234 4904 5554 6186 6798 7379 7913 8399 8835 9853 10678 11437 12152 12826 13476 14105 14706 15279
15816 16320 16779 17179 18375 19255 20065 20848 21587 22298 22966 23574 24149 24690 25206 25674 26059 27212 28083
28884 29609 30303 30967 31608 32226 32787 33318 33816 34276 34669 35382 35836 35836 37022 37886 38675 39406 40111
40773 41405 42013 42600 43154 43681 44180 44603 45669 46560 47367 48100 48804 49477 50121 50737 51312 51854 52357
52815 53218 54303 55139 55887 56599 57287 57953 58592 59204 59773 60312 60821 61282 61684 62822 63666 64464 65226
65946 66628 67277 67908 68499 69046 69547 70009 70388 71207 71672 71672
"""
SECONDS = """
5.8 7.2 8.3 9.4 10.4 11.4 12.3 13.1 14.1 14.9 15.7 16.4 17.1 18.7 19.9 20.9 21.9 22.8 23.7 24.6 25.5 26.3 27.0 27.7
28.4 29.1 30.8 32.1 33.2 34.3 35.4 36.5 37.5 38.4 39.2 40.0 40.8 41.5 42.2 44.2 45.4 46.6 47.7 48.7 49.6 50.6 51.5
52.4 53.3 54.2 55.0 55.7 56.9 57.6 62.7 63.8 64.4 65.1 65.6 66.1 66.5 67.1 67.5 68.0 68.5 68.9 69.2 69.6 70.4 74.0
74.5 75.0 75.6 76.0 76.5 77.1 77.4 77.8 78.2 78.5 78.9 79.7 80.2 80.7 81.2 81.6 82.1 82.6 83.0 83.7 84.3 84.9 85.3
85.7 86.6 87.2 87.8 88.3 88.9 89.4 89.9 90.4 90.9 91.3 91.7 92.1 92.5 93.2 93.6 94.9
"""
"""Of each line of the curve of the example task, on two slow cores: 54 steps and a look at the validation rows, twice."""


def test_training_of_the_example_is_told_within_a_fifth_or_ten_seconds_from_its_third_step_on() -> None:
    """It took 95 s. Steps done over time had said 10 minutes after the first step, and 5 after the third."""
    tokens, seconds = ([float(word) for word in text.split()] for text in (TOKENS, SECONDS))
    left = TimeLeft(per_epoch=35836, valid=2100, epochs=2)
    for line, (read, at) in enumerate(zip(tokens, seconds, strict=True)):
        said = left.after(int(read), at, trained=line not in (54, 109), later=0.53)
        really = seconds[-1] - at
        assert (said is None) is (line < 2)
        assert said is None or said == pytest.approx(really, rel=0.2, abs=10)
