import subprocess
import sys
import time
from pathlib import Path

import pytest

from distill import memory


def resident() -> int:
    """Pages of 4 KiB that the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and only glibc keeps what is freed")
def test_what_was_freed_below_something_that_stays_goes_back_to_the_system():
    blocks = [bytes(b"x" * 60_000) for _ in range(1000)]
    stays = bytes(60_000)
    blocks.clear()
    memory.release()
    before = resident()
    blocks = [bytes(b"x" * 60_000) for _ in range(1000)]
    top = bytes(60_000)
    blocks.clear()
    kept = resident()
    memory.release()
    assert kept - before > 10_000, "nothing was kept, so that there is nothing to give back"
    assert kept - resident() > 0.9 * (kept - before)
    assert stays == top


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: object())
    memory._trim.cache_clear()
    memory.release()
    memory._trim.cache_clear()


FREED = """
import subprocess
import sys
from pathlib import Path
from distill import memory
if sys.argv[1] == "thrifty":
    memory.thrifty()
import polars as pl
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])
pl.int_range(1000, eager=True).sum()
before = resident()
numbers = pl.int_range(20_000_000, eager=True) * 2
held = resident()
del numbers
print(held - before, resident() - before)
"""


MAIN = """
import os, sys
from distill.cli.app import main
sys.argv = ["distill", "--version"]
try:
    main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_polars_frees_goes_back_at_once_where_it_was_told_before_its_import():
    said = subprocess.run([sys.executable, "-c", FREED, "thrifty"], capture_output=True, text=True, check=True).stdout
    held, left = map(int, said.split())
    assert held > 30_000
    assert left < 0.1 * held


def test_the_command_line_tells_it_before_anything_imports_polars():
    code = "import sys, distill.cli.app; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = f"{MAIN}except SystemExit:\n    sys.exit(not os.environ['_RJEM_MALLOC_CONF'].endswith('dirty_decay_ms:0,muzzy_decay_ms:0'))"
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_how_much_the_process_grew_is_seen_even_where_it_is_free_again():
    from distill import memory

    with memory.growth() as grown:
        held = bytearray(b"1") * 60_000_000
        time.sleep(0.2)
        del held
    with memory.growth() as nothing:
        pass
    assert (grown.bytes or 0) > 40_000_000
    assert (nothing.bytes or 0) < 10_000_000
