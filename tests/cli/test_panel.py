"""What a person sees while a run works."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from distill.cli import panel as show
from distill.cli.panel import Panel
from distill.teacher.progress import Progress


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> io.StringIO:
    """Where the panel draws: a terminal where the test asks for one, a file else."""
    drawn = io.StringIO()
    terminal = getattr(request, "param", False)
    monkeypatch.setattr(show, "console", Console(file=drawn, force_terminal=terminal, width=120, highlight=False))
    return drawn


def busy() -> Progress:
    progress = Progress(total=200, answered=40, sends=45, retried=4, in_flight=7, usd=0.5, prompt_tokens=9000)
    progress.started = time.monotonic() - 20
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
    for said in ("40 / 200", "2.0 a second", "9,000 tokens in", "$0.5000", "1 min ", "7 in flight", "200 of 200"):
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


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "-"), (0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations_read_as_people_say_them(seconds: float | None, said: str) -> None:
    assert show.duration(seconds) == said
