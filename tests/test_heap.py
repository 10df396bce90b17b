import sys
from pathlib import Path

import pytest

from distill import heap


def resident() -> int:
    """Pages of 4 KiB that the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and only glibc keeps what is freed")
def test_what_was_freed_below_something_that_stays_goes_back_to_the_system():
    blocks = [bytes(b"x" * 60_000) for _ in range(1000)]
    stays = bytes(60_000)
    blocks.clear()
    heap.release()
    before = resident()
    blocks = [bytes(b"x" * 60_000) for _ in range(1000)]
    top = bytes(60_000)
    blocks.clear()
    kept = resident()
    heap.release()
    assert kept - before > 10_000, "nothing was kept, so that there is nothing to give back"
    assert kept - resident() > 0.9 * (kept - before)
    assert stays == top


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda _name: object())
    heap._trim.cache_clear()
    heap.release()
    heap._trim.cache_clear()
