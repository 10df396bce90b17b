"""One bad row costs that row: whatever it does, it is stopped, it is unscored with its cause, and the others are judged."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.sandbox.process import CheckResult, SandboxLimits, Source

Ask = Callable[..., list[CheckResult]]
ROWS = ["ok", "ok", "bad", "ok", "ok", "ok", "bad", "ok"]


MEMORY = "used more than 256 MiB"
MISDEEDS = {
    "endless loop": ("while True: pass", "no answer within 1 s"),
    "sleep": ("import time; time.sleep(60)", "no answer within 1 s"),
    "a lock that is never let go": (
        "import threading; held = threading.Lock(); held.acquire(); held.acquire()",
        "no answer within 1 s",
    ),
    "memory bomb": ("x = bytearray(10**10)", MEMORY),
    "memory bomb by small pieces": ("x = []\n        while True: x.append('a' * 100000)", MEMORY),
    "deep recursion": ("f = lambda n: f(n + 1)\n        f(0)", "raised RecursionError at line 4"),
    "recursion without a limit": (
        "import sys; sys.setrecursionlimit(10**9)\n        f = lambda n: [f(n + 1)]\n        f(0)",
        "used more than 256 MiB|no answer within 1 s|ended by SIGSEGV",
    ),
    "os._exit": ("import os; os._exit(3)", "ended its process (exit code 3)"),
    "os._exit as if all were well": ("import os; os._exit(0)", "ended its process (exit code 0)"),
    "sys.exit": ("import sys; sys.exit(3)", "raised SystemExit at line 4"),
    "an interrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt at line 4"),
    "SIGKILL to itself": ("import os; os.kill(os.getpid(), 9)", "its process was ended by SIGKILL"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "its process was ended by SIGSEGV"),
    "abort": ("import os; os.abort()", "its process was ended by SIGABRT"),
    "an alarm": ("import signal, time; signal.alarm(1); time.sleep(3)", "no answer within 1 s|ended by SIGALRM"),
    "raising": ("raise ValueError('two\\nlines')", "raised ValueError at line 4"),
    "an exception that cannot be said": (
        "E = type('E', (Exception,), {'__str__': lambda s: 1 / 0})\n        raise E",
        "raised E at line 5",
    ),
    "None": ("return None", "gave no score"),
    "NaN": ("return float('nan')", "returned nan"),
    "more than one": ("return 1.5", "returned 1.5"),
    "less than nothing": ("return -0.1, 'm'", "returned -0.1"),
    "infinity": ("return float('inf')", "returned inf"),
    "a text": ("return 'yes'", "returned a str; expected True, False"),
    "a huge list": ("return [0] * 10**6", "returned a list"),
    "three of a kind": ("return True, 'a', 'b'", "returned a tuple"),
    "a message that is none": ("return True, 7", "returned a message of type int"),
    "a whole number too big for a float": ("return 10**400", "raised OverflowError"),
    "closing every file": ("import os; os.closerange(3, 256)", "ended its process"),
    "noise on every file": (
        "import os\n        for n in range(3, 256):\n            try: os.write(n, b'noise' * 20000)\n            except OSError: pass",
        "wrote into the pipe to distill|no answer within 1 s",
    ),
    "a forged verdict": (
        'import os\n        for n in range(3, 256):\n            try: os.write(n, b\'[99, 1.0, "", ""]\\n\')\n            except OSError: pass',
        "wrote into the pipe to distill",
    ),
}


@pytest.mark.parametrize("name", MISDEEDS)
def test_a_misdeed_costs_its_own_row(ask: Ask, name: str) -> None:
    deed, cause = MISDEEDS[name]
    text = f"""\
    def check(row):
        if row["answer"] != "bad":
            return True, "fine"
        {deed}
        return True
    """
    began = time.monotonic()
    verdicts = ask(text, ROWS, seconds=10 if cause == MEMORY else 1, megabytes=256)  # memory takes time to fill
    assert time.monotonic() - began < 12  # the deeds last a minute, and a process of its own has the machine's clock
    for answer, verdict in zip(ROWS, verdicts, strict=True):
        if answer == "ok":
            assert verdict == CheckResult(1.0, "fine")
        else:
            assert verdict.score is None
            assert any(one in verdict.cause for one in cause.split("|")), verdict
            assert len(verdict.detail) < 700
            assert "\n" not in verdict.detail


def test_an_answer_of_ten_megabytes_and_one_that_no_memory_holds(ask: Ask) -> None:
    verdicts = ask(
        'def check(row): return len(row["answer"]) > 10**7',
        ["a", "b" * (10**7 + 1), "c" * 10**8, "d"],
        megabytes=256,
        seconds=30,
    )
    assert [one.score for one in verdicts] == [0.0, 1.0, None, 0.0]
    assert verdicts[2].cause == "used more than 256 MiB"


def test_a_row_that_dies_of_what_others_left_is_tried_once_more_in_a_fresh_process(ask: Ask) -> None:
    """A check that piles up memory loses no row to it."""
    text = """\
    held = []
    def check(row):
        held.append(bytearray(40 * 2**20))
        return True
    """
    assert ask(text, ["a"] * 20, megabytes=256) == [CheckResult(1.0)] * 20


def test_threads_that_a_check_left_behind_hold_nobody_up(ask: Ask) -> None:
    text = """\
    import threading, time
    def check(row):
        threading.Thread(target=time.sleep, args=(60,)).start()
        return True
    """
    began = time.monotonic()
    assert ask(text, ["a"]) == [CheckResult(1.0)]
    assert time.monotonic() - began < 10  # the threads sleep for a minute, by the machine's clock


def test_every_row_gets_its_own_time(ask: Ask) -> None:
    """Rows wait in line behind others, and their clock starts when it is their turn."""
    assert (
        ask("import time\ndef check(row): time.sleep(0.2); return True", ["a"] * 12, seconds=1)
        == [CheckResult(1.0)] * 12
    )


def test_the_verdicts_are_each_rows_own_at_any_number(ask: Ask) -> None:
    text = "def check(row): return row['parsed'] % 7 / 7, row['answer']"
    assert ask(text, list(map(str, range(3000)))) == [CheckResult(n % 7 / 7, str(n)) for n in range(3000)]


def test_nobody_is_left_when_the_caller_stops_half_way(ask: Ask, tmp_path: Path) -> None:
    """A judge that is closed ends its processes."""
    from distill.sandbox.pool import judge

    source = Source(tmp_path / "verify.py", "import os\ndef check(row): return True, str(os.getpid())", "check")
    row = b'{"input":"","prompt":"","answer":"","tool_calls":"","stratum":"","labels":"","fields":"","gold":""}'
    judged = judge(source, ((n, b"[%d,%s]\n" % (n, row)) for n in range(10**6)), SandboxLimits())
    pids = {int(next(judged)[1].message) for _ in range(200)}
    judged.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="a signal at the parent's death is Linux's")
def test_a_child_in_an_endless_loop_dies_with_us(tmp_path: Path) -> None:
    ready, folder = tmp_path / "pids", tmp_path / "task"
    folder.mkdir()
    text = (
        "import os\ndef check(row):\n  if row['answer'] == 'go':\n    while True: pass\n  return True, str(os.getpid())"
    )
    code = f"""
import orjson
from pathlib import Path
from distill.sandbox.pool import judge
from distill.sandbox.process import SandboxLimits, Source
source = Source(Path({str(folder)!r}) / "verify.py", {text!r}, "check")
row = {{"input": "", "prompt": "", "tool_calls": "", "stratum": "", "labels": "", "fields": "", "gold": ""}}
rows = [(n, orjson.dumps([n, row | {{"answer": "go" if n else ""}}]) + b"\\n") for n in range(2)]
for _, verdict in judge(source, rows, SandboxLimits(seconds=60)):
    Path({str(ready)!r}).write_text(verdict.message)
"""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", code], env=env) as parent:
        until = time.monotonic() + 20
        while not (ready.exists() and ready.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
        pid = int(ready.read_text())
        time.sleep(0.3)
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 5
    while _alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_nothing_arrives_at_a_listening_socket(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port = server.getsockname()[1]
        text = f"""\
        import socket, urllib.request
        def check(row):
            if row["answer"] == "a":
                socket.create_connection(("127.0.0.1", {port}))
            urllib.request.urlopen("http://127.0.0.1:{port}/")
        """
        first, second = ask(text, ["a", "b"])
        assert "PermissionError" in first.cause
        assert first.score is second.score is None
        with pytest.raises(TimeoutError):
            server.accept()
