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

from distill.sandbox import kernel, syscalls

CODE = """
import ctypes, os, sys
from distill.sandbox import kernel
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
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", CODE + code], cwd=folder, env={"PYTHONPATH": root}, capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.stdout == "none\n":
        pytest.skip("this system takes no filter")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


COLUMN = syscalls.MACHINES.get(platform.machine(), (0, 0))[1]
KNOWN = {
    numbers[COLUMN] for table in (syscalls.ALLOWED, syscalls.BY_ARGUMENT, syscalls.MISSING) for numbers in table.values()
}  # fmt: skip


def test_every_call_that_is_not_on_the_list_is_refused_before_it_is_looked_at(tmp_path: Path) -> None:
    """With arguments that mean nothing each would fail in another way, had the kernel begun on it."""
    probes = (335, 336)  # the kernel ends who calls these from elsewhere than its own trampoline, before any filter
    others = [number for number in range(syscalls.NEWEST + 1) if number not in KNOWN and number not in probes]
    assert len(others) > 200
    found = locked(f"print([n for n in {others!r} if call(n, -1, -1, -1, -1, -1, -1) != (-1, 1)])", tmp_path)
    assert found == "[]"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of this machine's calls")
def test_shared_memory_semaphores_and_messages_of_others_stay_as_they_are(tmp_path: Path) -> None:
    """System V objects have small numbers that anybody can guess: using one is refused, not only making one."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    memory, semaphore, messages = libc.shmget(0, 4096, 0o1666), libc.semget(0, 1, 0o1666), libc.msgget(0, 0o1666)
    assert min(memory, semaphore, messages) >= 0
    try:
        at = libc.shmat(memory, None, 0)
        ctypes.memmove(at, b"ORIGINAL", 8)
        attempts = f"""
one = (ctypes.c_short * 3)(0, 1, 0)
print([call(*what)[1] for what in (
    (30, {memory}, 0, 0), (31, {memory}, 0, 0), (67, {memory}), (65, {semaphore}, one, 1), (66, {semaphore}, 0, 0, 0),
    (220, {semaphore}, one, 1, 0), (69, {messages}, b"1234567812345678", 8, 0), (70, {messages}, bytes(99), 8, 0, 0o4000),
    (71, {messages}, 0, 0), (31, 0, 2, bytes(512)), (242, 0, b"x", 1, 0, 0), (243, 0, b"x", 1, 0, 0),
)])"""
        assert locked(attempts, tmp_path) == str([1] * 12)
        assert ctypes.string_at(at, 8) == b"ORIGINAL"
        assert libc.semctl(semaphore, 0, 12) == 0  # GETVAL
    finally:
        libc.shmctl(memory, 0, None), libc.semctl(semaphore, 0, 0), libc.msgctl(messages, 0, None)


def test_libraries_work_behind_the_filter(tmp_path: Path) -> None:
    """Threads, event loops, memory of all kinds, and reading: what a check needs of numpy, polars, sqlite and asyncio."""
    code = """
import asyncio, concurrent.futures, datetime, decimal, json, queue, random, re, sqlite3, statistics, threading, time, zoneinfo
import jsonschema, numpy, polars, scipy.stats
from pathlib import Path
a = numpy.random.default_rng(0).normal(size=(300, 300))
assert (a @ a).shape == (300, 300) and numpy.linalg.svd(a)[1].size == 300
frame = polars.DataFrame({"a": ["x", "y"] * 5000, "b": range(10000)})
assert frame.lazy().group_by("a").agg(polars.col("b").sum()).collect().height == 2
assert scipy.stats.wilcoxon(range(1, 20)).pvalue < 1
db = sqlite3.connect(":memory:"); db.execute("create table t (a)"); db.execute("insert into t values (1)")
assert asyncio.run(asyncio.wait_for(asyncio.to_thread(lambda: 3), 5)) == 3
with concurrent.futures.ThreadPoolExecutor(4) as pool: assert sum(pool.map(int, "1234")) == 10
assert datetime.datetime.now(zoneinfo.ZoneInfo("UTC")).year > 2000
assert Path("kept").read_text() == "kept" and [one.name for one in Path().iterdir()] == ["kept"]
time.sleep(0.01); assert threading.Event().wait(0.01) is False
jsonschema.validate({"a": 1}, {"type": "object"})
print("all")
"""
    (tmp_path / "kept").write_text("kept")
    assert locked(code, tmp_path) == "all"


def test_waiters_on_shared_memory_of_others_are_neither_woken_nor_moved(tmp_path: Path) -> None:
    """FUTEX_WAKE, REQUEUE and CMP_REQUEUE without the private flag reach through a file that both have mapped."""
    number = syscalls.BY_ARGUMENT["futex"][COLUMN]
    code = f"word = (ctypes.c_int * 2)()\nprint([call({number}, word, op, 1, 0, word, 0)[1] for op in (1, 3, 4, 5, 10)], call({number}, word, 129, 1)[0])"
    assert locked(code, tmp_path) == "[1, 1, 1, 1, 1] 0"


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
        ("{call({prctl}, n, 0, 0, 0, 0) for n in (1, 4, 35, 36, 62, 0x59616d61)}", "{(-1, 1)}"),
        ("libc.prctl(15, b'name', 0, 0, 0)", "0"),
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
        ("call({sched_setaffinity}, os.getpid(), 0, 0)", "(-1, 1)"),
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
    for name in ("fcntl", "ioctl", "sched_setaffinity", "prctl"):
        code = code.replace(f"{{{name}}}", str(syscalls.BY_ARGUMENT[name][COLUMN]))
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
from distill.sandbox import kernel
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
kernel._drop_rights(libc, kernel._CAPSET[kernel.MACHINES[os.uname().machine][1]])
if not kernel._landlock(libc): print("none"); raise SystemExit
for deed in (lambda: open("kept", "a"), lambda: open("new", "w"), lambda: os.remove("kept"), lambda: os.truncate("kept", 0),
             lambda: open(f"/proc/{os.getppid()}/environ").read(), lambda: os.execv("/bin/true", ["true"])):
    try: deed(); print("done")
    except PermissionError: print("refused")
"""
    root = str(Path(__file__).parents[2])
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
    tables[1]["newfstatat"] = tables[1]["fstatat"]  # its name in the generic header
    for name, numbers in {**syscalls.ALLOWED, **syscalls.BY_ARGUMENT, **syscalls.MISSING}.items():
        for column, table in enumerate(tables):
            if name in table or numbers[column] < 443:  # the headers may be older than a call
                assert numbers[column] == table.get(name, -1), (name, column)


@pytest.mark.parametrize("machine", syscalls.MACHINES)
def test_every_jump_of_the_filter_lands_inside_it(machine: str) -> None:
    """The kernel would refuse another; this holds for the machine that is not here, too."""
    steps = kernel.program(machine, os.getpid())
    assert len(steps) < 4096
    for at, (code, yes, no, _) in enumerate(steps):
        if code in (0x15, 0x25, 0x45):
            assert at + 1 + max(yes, no) < len(steps)
    assert steps[-1][0] == 0x06
    assert ctypes.sizeof(kernel._Program) == 16
