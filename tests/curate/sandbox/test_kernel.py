"""The kernel's layers hold whatever makes the call: here ctypes, past every Python hook."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from distill.curate.sandbox import kernel

CODE = """
import ctypes, os, sys
from distill.curate.sandbox import kernel
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
held = kernel.lock()
if "seccomp" not in held:
    print("none"); sys.exit()
def call(*arguments):
    ctypes.set_errno(0)
    return libc.syscall(*arguments), ctypes.get_errno()
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's layers are Linux's")


def locked(code: str, folder: Path) -> str:
    """What a process prints that locked itself first."""
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", CODE + code], cwd=folder, env={"PYTHONPATH": root}, capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.stdout == "none\n":
        pytest.skip("this system takes no filter")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


COLUMN = kernel.ARCHITECTURES.get(platform.machine(), (0, 0))[1]
CALLS = {name: numbers[COLUMN] for name, numbers in kernel.DENIED.items() if numbers[COLUMN] >= 0}


def test_every_denied_call_is_refused_before_it_is_looked_at(tmp_path: Path) -> None:
    """With arguments that mean nothing each would fail in another way, had the kernel begun on it."""
    found = locked(
        f"print([name for name, n in {CALLS!r}.items() if call(n, -1, -1, -1, -1, -1, -1) != (-1, 1)])", tmp_path
    )
    assert found == "[]"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("libc.open(b'new', os.O_WRONLY | os.O_CREAT, 0o600), ctypes.get_errno()", "(-1, 1)"),
        ("libc.open(b'kept', os.O_RDWR), ctypes.get_errno()", "(-1, 1)"),
        ("libc.open(b'kept', os.O_RDONLY | os.O_TRUNC), ctypes.get_errno()", "(-1, 1)"),
        ("libc.open(b'.', os.O_TMPFILE | os.O_WRONLY, 0o600), ctypes.get_errno()", "(-1, 1)"),
        ("libc.open(b'kept', os.O_RDONLY) > 0", "True"),
        ("libc.fork(), ctypes.get_errno()", "(-1, 1)"),
        ("libc.unlink(b'kept'), ctypes.get_errno()", "(-1, 1)"),
        ("libc.kill(os.getppid(), 0), ctypes.get_errno()", "(-1, 1)"),
        ("libc.kill(0, 0), ctypes.get_errno()", "(-1, 1)"),
        ("libc.kill(os.getpid(), 0)", "0"),
        ("libc.prctl(1, 0, 0, 0, 0), ctypes.get_errno()", "(-1, 1)"),
        ("{call({fcntl}, 0, number, os.getppid()) for number in (8, 10, 15)}", "{(-1, 1)}"),
        ("{call({fcntl}, 0, number, 0) for number in (6, 7, 37, 38, 1024)}", "{(-1, 1)}"),  # locks and leases
        ("{call({ioctl}, 0, number, 0) for number in (0x8901, 0x8902, 0x5412)}", "{(-1, 1)}"),
        (
            "{call({ioctl}, os.open('kept', os.O_RDONLY), n, 0) for n in (0x40086602, 0x40049409, 0xC0185879)}",
            "{(-1, 1)}",
        ),
        ("[call({ioctl}, 0, n, 0)[1] for n in (0x541B, 0x5401, 0x5451, 0x5450, 0x5421, 0x5413)].count(1)", "0"),
        (
            "os.set_inheritable(0, False), os.set_inheritable(0, True), os.set_blocking(0, True), os.isatty(os.open('kept', os.O_RDONLY))",
            "(None, None, None, False)",
        ),
        ("call({affinity}, os.getpid(), 0, 0)", "(-1, 1)"),
        ("os.sched_setaffinity(0, os.sched_getaffinity(0))", "None"),
        ("call({fcntl}, 0, 3, 0)[0] >= 0", "True"),
        ("libc.socket(2, 1, 0), ctypes.get_errno()", "(-1, 1)"),
        ("call(435, 0, 0)", "(-1, 38)"),
        ("call(437, 0, 0, 0, 0)", "(-1, 38)"),
        ("call(5000)", "(-1, 38)"),
        ("[__import__('threading').Thread(target=int).start() for _ in 'a'] and 'threads'", "threads"),
        ("__import__('resource').getrlimit(0) and 'reads limits'", "reads limits"),
    ],
)
def test_calls_that_hang_on_their_arguments(tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / "kept").write_text("kept")
    for name, numbers in {"fcntl": kernel._FCNTL, "ioctl": kernel._IOCTL, "affinity": (203, 122)}.items():
        code = code.replace(f"{{{name}}}", str(numbers[COLUMN]))
    assert locked(f"print(({code}))", tmp_path) == said
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_text() == "kept"


def test_nothing_arrives_at_a_datagram_socket_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair of sockets needs no connection: each of its ends could name another receiver with what it sends."""
    code = """
import socket, struct
pair = (ctypes.c_int * 2)()
print(libc.socketpair(1, 2, 0, pair), end=" ")
address = struct.pack("H", 1) + b"outside\\0"
print(libc.sendto(pair[0], b"x", 1, 0, address, len(address)), ctypes.get_errno(), end=" ")
one, other = (socket.socket(fileno=number) for number in pair)
try: print(one.sendmsg([b"x"], [], 0, "outside"), end=" ")
except PermissionError: print("refused", end=" ")
print(one.send(b"x"), other.recv(9))
"""
    monkeypatch.chdir(tmp_path)  # a socket's path is 107 bytes at most
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outside:
        outside.bind("outside")
        outside.setblocking(False)
        assert locked(code, tmp_path) == "0 -1 1 refused 1 b'x'"
        with pytest.raises(BlockingIOError):
            outside.recv(9)


def test_limits_cannot_be_lifted(tmp_path: Path) -> None:
    code = """
import resource
try: resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10)); print("set")
except (PermissionError, ValueError) as fault: print("refused")
"""
    assert locked(code, tmp_path) == "refused"


def test_landlock_alone_refuses_writing_and_the_parents_environment(tmp_path: Path) -> None:
    """Without the filter: the second layer is one of its own."""
    (tmp_path / "kept").write_text("kept")
    code = """
import ctypes, os
from distill.curate.sandbox import kernel
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
kernel._drop_rights(libc, kernel.DENIED["capset"][kernel.ARCHITECTURES[os.uname().machine][1]])
if not kernel._landlock(libc): print("none"); raise SystemExit
for deed in (lambda: open("kept", "a"), lambda: open("new", "w"), lambda: os.remove("kept"), lambda: os.truncate("kept", 0),
             lambda: open(f"/proc/{os.getppid()}/environ").read(), lambda: os.execv("/bin/true", ["true"])):
    try: deed(); print("done")
    except PermissionError: print("refused")
"""
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    if done.stdout == "none\n":
        pytest.skip("this kernel has no Landlock")
    assert done.stdout.split() == ["refused"] * 6


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the header of this machine")
def test_the_numbers_are_those_of_the_kernels_header() -> None:
    """Both columns against the headers, where they are installed."""
    headers = [Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h")]
    if not all(path.exists() for path in headers):
        pytest.skip("no kernel headers here")
    tables = []
    for path in headers:
        words = (line.split() for line in path.read_text().splitlines() if line.startswith("#define __NR"))
        tables.append(
            {w[1].removeprefix("__NR_").removeprefix("__NR3264_"): int(w[2]) for w in words if w[2:] and w[2].isdigit()}
        )
    more = {
        "open": kernel._OPEN, "openat": kernel._OPENAT, "openat2": kernel._OPENAT2, "clone": kernel._CLONE,
        "clone3": kernel._CLONE3, "kill": kernel._KILL, "tgkill": kernel._TGKILL, "prlimit64": kernel._PRLIMIT, "prctl": kernel._PRCTL, "fcntl": kernel._FCNTL,
        "ioctl": kernel._IOCTL, "sendto": kernel._SENDTO, "sched_setaffinity": kernel._AFFINITY,
    }  # fmt: skip
    for name, numbers in {**kernel.DENIED, **more}.items():
        for column, table in enumerate(tables):
            if name in table or numbers[column] < 443:  # the headers may be older than a call
                assert numbers[column] == table.get(name, -1), (name, column)


@pytest.mark.parametrize("machine", kernel.ARCHITECTURES)
def test_every_jump_of_the_filter_lands_inside_it(machine: str) -> None:
    """The kernel would refuse another; this holds for the machine that is not here, too."""
    steps = kernel.program(machine, os.getpid())
    assert len(steps) < 4096
    for at, (code, yes, no, _) in enumerate(steps):
        if code in (0x15, 0x25, 0x45):
            assert at + 1 + max(yes, no) < len(steps)
    assert steps[-1][0] == 0x06
    assert ctypes.sizeof(kernel._Program) == 16
