"""A long step says its rows, its rate and what is left."""

from distill.pipeline.on_disk.meter import Meter, line


def test_every_ten_seconds_a_line_says_how_far_the_step_is() -> None:
    lines: list[str] = []
    seconds = iter(range(0, 60, 6))
    meter = Meter(lines.append, clock=lambda: float(next(seconds)))
    assert list(meter.rows("gates", ["aaa"] * 4, len, 12)) == ["aaa"] * 4
    assert lines == ["  gates 6 of 12 rows, 0 a second, 12 s left", "  gates 12 of 12 rows, 0 a second, 0 s left"]


def test_a_total_that_is_a_guess_says_so_and_none_tells_no_time() -> None:
    assert (
        line("read", 1200, 60_000, 2.0, about=True) == "read 1,200 of about 60,000 rows, 600 a second, 1 min 38 s left"
    )
    assert line("read", 1200, None, 2.0) == "read 1,200 rows, 600 a second"
    assert line("read", 0, 10, 0.0) == "read 0 of 10 rows, 0 a second"
