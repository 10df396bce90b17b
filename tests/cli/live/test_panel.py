"""What a person sees while a run works."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from distill.cli.live import panel as show
from distill.cli.live.panel import Panel
from distill.teacher.progress import Progress, StageTime


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> io.StringIO:
    """Where the panel draws: a terminal where the test asks for one, a file else."""
    drawn = io.StringIO()
    terminal = getattr(request, "param", False)
    monkeypatch.setattr(
        show, "console", Console(file=drawn, force_terminal=terminal, width=120, highlight=False, soft_wrap=True)
    )
    return drawn


def busy() -> Progress:
    progress = Progress(total=200, answered=41, sends=45, retried=4, in_flight=7, usd=0.5, prompt_tokens=9000)
    progress.first_at = time.monotonic() - 20
    progress.last_error = "overloaded: try \x1b[2Jlater"
    return progress


@pytest.mark.parametrize("screen", [True], indirect=True)
def test_a_terminal_shows_rate_tokens_spend_and_time_left(screen: io.StringIO) -> None:
    """Drawn from the newest state; a line stays when the calls are done; no text from outside steers the terminal."""
    with Panel() as panel:
        panel.stage("generate")
        panel.progress("teacher", busy())
        assert panel._live is not None
        panel._live.refresh()
        done = busy()
        done.answered = 200
        panel.progress("teacher", done)
    seen = screen.getvalue()
    for said in ("41 / 200", "2.0 a second", "9,000 tokens in", "$0.5000", "1 min ", "7 in flight", "200 of 200"):
        assert said in seen, said
    assert "\x1b[2J" not in seen


def test_a_log_gets_a_line_now_and_then(screen: io.StringIO) -> None:
    """One at once, one at the end, and not one for each answer between."""
    with Panel() as panel:
        panel.stage("generate")
        for answered in range(200):
            progress = busy()
            progress.answered = answered
            panel.progress("teacher", progress)
        done = busy()
        done.answered = 200
        panel.progress("teacher", done)
    lines = screen.getvalue().splitlines()
    assert lines[0] == "[generate]"
    assert len(lines) == 3
    assert "last fault: overloaded" in lines[1]
    assert "200 of 200" in lines[2]


def test_quiet_is_quiet(screen: io.StringIO) -> None:
    with Panel(quiet=True) as panel:
        panel.stage("generate")
        panel.progress("teacher", busy())
    assert screen.getvalue() == ""


STAGES = [StageTime("generate", 60.0), StageTime("train", 120.0), StageTime("evaluate", 240.0)]


def test_headings_and_lines_carry_the_total(screen: io.StringIO) -> None:
    with Panel() as panel:
        panel.ahead(STAGES)
        panel.stage("generate")
        panel.progress("teacher", busy())
        panel.stage("train", "again, since train.jsonl changed")
        panel.training(step=9, steps=20, train_loss=0.5, valid_loss=None, left_s=100.0)
        panel.training(step=20, steps=20, train_loss=None, valid_loss=0.4, left_s=0.0)
    lines = screen.getvalue().splitlines()
    assert lines[0].startswith("to do, with the time of last time: generate 1 min 00 s, train 2 min 00 s and evaluate")
    assert lines[1] == "[generate] stage 1 of 3, about 7 minutes left in all"
    assert lines[2].endswith("1 min 20 s left · about 7 minutes in all · last fault: overloaded: try �[2Jlater")
    assert lines[3] == "[train] stage 2 of 3, about 6 minutes left in all; again, since train.jsonl changed"
    assert lines[4] == "  step 9 of 20 · train loss 0.500 · 1 min 40 s left · about 6 minutes in all"
    assert lines[5] == "  step 20 of 20 · valid loss 0.400 · about 4 minutes in all"


@pytest.mark.parametrize("screen", [True], indirect=True)
def test_a_terminal_shows_the_place_of_the_stage_and_breaks_lines_between_words(screen: io.StringIO) -> None:
    with Panel() as panel:
        panel.ahead(STAGES)
        panel.stage("train")
        panel.say("  " + "word " * 60)
        panel.training(step=9, steps=20, train_loss=0.5, valid_loss=None, left_s=100.0)
        assert panel._live is not None
        panel._live.refresh()
    seen = screen.getvalue()
    assert "train · stage 2 of 3" in seen
    assert "about 6 minutes in all" in seen
    assert "word " * 22 + "word" in seen
    assert set(re.findall(r"\bwo[rd]*", seen)) == {"word"}


def test_a_stage_alone_has_no_place(screen: io.StringIO) -> None:
    with Panel() as panel:
        panel.stage("curate", "again, since dedup.near changed")
    assert screen.getvalue() == "[curate] again, since dedup.near changed\n"
