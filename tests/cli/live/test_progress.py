"""Lines about calls and training."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from distill.cli.live.progress import calls_line, calls_table, training_line
from distill.money import Budget
from distill.teacher.endpoint.scripted import Scripted
from distill.teacher.pace import Pace
from distill.teacher.pool.circuit import Circuit, Health
from distill.teacher.pool.member import Member
from distill.teacher.progress import Progress


def drawn(progress: Progress, width: int = 80) -> str:
    screen = io.StringIO()
    Console(file=screen, width=width).print(calls_table("teacher", progress, ["45 s left", "about 3 minutes in all"]))
    return screen.getvalue()


def test_tokens_say_which_way_they_went_and_free_calls_have_no_cost() -> None:
    free = Progress(total=10, answered=4, prompt_tokens=63694, completion_tokens=2744)
    line = calls_line("teacher", free, ["45 s left"])
    assert line == "  teacher: 4 of 10 · 63,694 tokens in, 2,744 out · 45 s left"
    free.usd = 0.5
    assert "$0.5000" in calls_line("teacher", free, [])
    free.priced = False
    assert "cost unknown" in calls_line("teacher", free, [])


def test_what_is_done_has_nothing_left_and_no_fault() -> None:
    done = Progress(total=4, replayed=4, last_error="overloaded")
    assert calls_line("teacher", done, ["45 s left"]) == "  teacher: 4 of 4 · 4 from the store"


def test_training_line_has_the_losses_that_are_there() -> None:
    losses = [("train", 0.4742), ("valid", None)]
    assert (
        training_line(12, 108, losses, ["1 min 00 s left"]) == "  step 12 of 108 · train loss 0.474 · 1 min 00 s left"
    )
    assert training_line(0, 108, [], []) == "  step 0 of 108 · starting"


def test_table_says_what_was_spent_of_the_budget_and_what_is_free() -> None:
    budget = Budget(5.0, spent=1.25)
    paid = Progress(total=10, answered=4, usd=1.0, budget=budget)
    assert "$1.0000 so far · $2.5000 in the end · spent $1.2500 of a budget of $5.00" in drawn(paid, 100)
    assert "free" in drawn(Progress(total=10, answered=4, budget=Budget(5.0)))
    assert "no price is known" in drawn(Progress(total=10, answered=4, priced=False))


@pytest.mark.parametrize("width", [60, 80])
def test_table_fits_a_narrow_terminal(width: int) -> None:
    busy = Progress(total=20000, answered=4000, retried=40, failed=3, in_flight=64, prompt_tokens=10**7, usd=1.0)
    busy.budget, busy.last_error = Budget(5.0, spent=1.25), "overloaded: try \x1b[2Jlater " * 9
    lines = drawn(busy, width).splitlines()
    assert max(map(len, lines)) <= width
    assert "\x1b" not in "".join(lines)
    for said in ("45 s left", "about 3", "4,000", "64 in"):
        assert any(said in line for line in lines), said


def member(url: str, *, answered: int, health: Health = Health.LIVING) -> Member:
    return Member(Scripted(), Pace(in_flight=16), url, Circuit(health), answered=answered, failed=3)


def test_several_endpoints_are_told_apart() -> None:
    """In the line by what each answered and who is left out; in the table with a row for each."""
    a, b = member("http://a/v1", answered=412), member("http://b\x1b[2J/v1", answered=77, health=Health.DOWN)
    progress = Progress(total=1000, answered=489, members=[a, b])
    line = calls_line("teacher", progress, [])
    assert "1 of 2 endpoints (412, 77 answered; down: http://b\ufffd[2J/v1)" in line
    table = drawn(progress, 120)
    assert "http://a/v1: 412 answered · 3 failed · 1 in flight of 16" in table
    assert "77 answered · 3 failed · down, left out" in table
    assert "endpoint" not in calls_line("teacher", Progress(total=9, answered=1, members=[a]), [])
