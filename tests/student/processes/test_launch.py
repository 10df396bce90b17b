"""Processes started together end together: with the first one's exit code, or with a line on which of them died and why."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from distill.errors import DistillError
from distill.student.processes import launch
from distill.student.processes.group import LAUNCHED

WAITS = "import time; time.sleep(60)"


def workers(folder: Path, first: str, other: str) -> list[str]:
    """A command that does one thing as the first process and another as each of the others; all note who they are."""
    code = (
        "import os, signal, sys\n"
        "rank = os.environ['RANK']\n"
        f"open(os.path.join({str(folder)!r}, rank), 'w').write(' '.join(os.environ[name] for name in "
        "('WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'OMP_NUM_THREADS')) + ' ' + str(os.getpid()))\n"
        f"exec({first!r} if rank == '0' else {other!r})\n"
    )
    return [sys.executable, "-c", code]


def noted(folder: Path, rank: int) -> list[str]:
    return (folder / str(rank)).read_text().split()


def gone(folder: Path, rank: int) -> bool:
    try:
        os.kill(int(noted(folder, rank)[-1]), 0)
    except ProcessLookupError:
        return True
    return False


def test_the_first_ones_exit_code_is_the_commands(tmp_path: Path) -> None:
    """The others are told who they are, and end with it."""
    code = launch.launch(workers(tmp_path, "import time; time.sleep(1); sys.exit(4)", WAITS), 3, os.environ)
    assert code == 4
    names = [noted(tmp_path, rank)[:3] for rank in range(3)]
    assert names == [["3", str(rank), "127.0.0.1"] for rank in range(3)]
    assert all(gone(tmp_path, rank) for rank in range(3))


def test_threads_are_divided_and_a_number_of_the_users_is_kept(tmp_path: Path) -> None:
    given = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    for env, threads in ((given, max(1, (os.cpu_count() or 1) // 2)), ({**given, "OMP_NUM_THREADS": "7"}, 7)):
        assert launch.launch(workers(tmp_path, "pass", "pass"), 2, env) == 0
        assert noted(tmp_path, 1)[3] == str(threads)


@pytest.mark.parametrize(
    ("dies", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "process 2 of 2 was killed by SIGKILL, as the kernel does where memory runs out"),
        ("print('CUDA out of memory', file=sys.stderr); sys.exit(1)", r"process 2 of 2 ended with exit code 1 \(CUDA out of memory\)"),
    ],
)  # fmt: skip
def test_one_that_dies_ends_the_others(tmp_path: Path, dies: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first waits in a call that hears no SIGTERM, as one of the GPU's does."""
    monkeypatch.setattr(launch, "_NOTICES_S", 0.3)
    monkeypatch.setattr(launch, "_ENDS_S", 0.3)
    deaf = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"
    with pytest.raises(
        DistillError, match=f"{said}, so the training ended; the same command goes on from the last checkpoint"
    ):
        launch.launch(workers(tmp_path, deaf, f"import time; time.sleep(1); {dies}"), 2, os.environ)
    assert gone(tmp_path, 0)


def test_the_first_is_told_who_died_and_says_it_itself(tmp_path: Path) -> None:
    notices = (
        f"import time\npath = os.environ[{LAUNCHED!r}]\n"
        "while not open(path).read(): time.sleep(0.05)\n"
        f"open({str(tmp_path / 'said')!r}, 'w').write(open(path).read()); sys.exit(1)"
    )
    assert launch.launch(workers(tmp_path, notices, "sys.exit(9)"), 2, os.environ) == 1
    assert (tmp_path / "said").read_text() == "process 2 of 2 ended with exit code 9, so the training ended"


def test_a_first_one_that_is_killed_is_named(tmp_path: Path) -> None:
    with pytest.raises(DistillError, match="process 1 of 2 was killed by SIGKILL"):
        launch.launch(workers(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", WAITS), 2, os.environ)
    assert gone(tmp_path, 1)


def test_a_signal_is_the_first_ones_to_answer(tmp_path: Path) -> None:
    stops = (
        "import time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(130)); open('{}', 'w').close(); time.sleep(60)"
    )

    def send() -> None:
        until = time.monotonic() + 30
        while not (tmp_path / "ready").exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send)
    sender.start()
    code = launch.launch(workers(tmp_path, stops.format(tmp_path / "ready"), WAITS), 2, os.environ)
    sender.join()
    assert code == 130
    assert gone(tmp_path, 1)
