"""What the Linux kernel refuses from here on, for good: network, other processes, and any change to a file.

A seccomp filter turns every system call that is not on the list in `syscalls` into EPERM, whatever makes it: Python,
ctypes or a library in C. A Landlock domain refuses writing a second time, and closes the way around it: a process in one
cannot read another's environment or memory through /proc. Threads, reading files and memory stay. Both hold without root and are inherited.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

from distill.sandbox.syscalls import ALLOWED, BY_ARGUMENT, MACHINES, MISSING, NEWEST

_ALLOW, _EPERM, _ENOSYS, _KILL_PROCESS = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
"""Where the filter finds the call's number, the machine and the arguments, of 8 bytes each with the low half first."""
_TO_WRITE = 0o3 | 0o100 | 0o1000
"""O_WRONLY and O_RDWR, O_CREAT, O_TRUNC."""
_A_THREAD = 0x10000
_FCNTL = (0, 1, 2, 3, 4, 5, 9, 1030, 1031, 1032, 1034)
"""Duplicates, flags, a lock's state, a pipe's size. Taking a lock or a lease, at which others wait, is not among them, nor
whom a file signals."""
_IOCTL = (0x541B, 0x5401, 0x5451, 0x5450, 0x5421, 0x5413)
"""FIONREAD, TCGETS, FIOCLEX, FIONCLEX, FIONBIO, TIOCGWINSZ; most others change a file, a device or a terminal."""
_PRCTL = (2, 3, 7, 15, 16, 21, 23, 29, 30, 39, 41, 42, 0x53564D41)
"""A thread's name, what libraries ask about, names of memory. Others set who may look in, or reach a process by its number."""
_FUTEX_WAITS = (0, 9, 256 | 0, 256 | 9)
"""Waiting by either clock. Waking and moving waiters is for private memory: through a shared file they reach other programs."""
_FUTEX_PRIVATE = 128
_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_CAPSET = (126, 91)

Step = tuple[int, int, int, int]
"""One instruction of the filter: code, steps to skip if it holds, steps to skip if not, operand."""


def lock() -> list[str]:
    """Close what the kernel can close for this process; returns the layers that now hold, e.g. ["landlock", "seccomp"].

    An empty list is a system that has neither; the caller has other layers, and says which it has.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in MACHINES or struct.calcsize("P") != 8:
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return []
    _drop_rights(libc, _CAPSET[MACHINES[machine][1]])
    held = ["landlock"] if _landlock(libc) else []
    return [*held, "seccomp"] if _seccomp(libc, program(machine, os.getpid())) else held


def program(machine: str, pid: int) -> list[Step]:
    """The filter for one machine and the process `pid`, which may send signals to itself alone."""
    word, column = MACHINES[machine]
    steps: list[Step] = [
        (_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, word), (_RETURN, 0, 0, _KILL_PROCESS), (_LOAD, 0, 0, _NUMBER),
    ]  # fmt: skip
    for numbers in ALLOWED.values():
        steps += _if_called(numbers[column], [(_RETURN, 0, 0, _ALLOW)])
    for numbers in MISSING.values():
        steps += _if_called(numbers[column], [(_RETURN, 0, 0, _ENOSYS)])
    for name, then in _rules(pid).items():
        steps += _if_called(BY_ARGUMENT[name][column], then)
    return [*steps, (_GREATER, 0, 1, NEWEST), (_RETURN, 0, 0, _ENOSYS), (_RETURN, 0, 0, _EPERM)]


def _rules(pid: int) -> dict[str, list[Step]]:
    """What decides about each call of `BY_ARGUMENT`."""
    return {
        "open": _unless_bits(1, _TO_WRITE),
        "openat": _unless_bits(2, _TO_WRITE),
        "clone": _if_bits(0, _A_THREAD),
        "futex": _if_bits_or_any(1, _FUTEX_PRIVATE, _FUTEX_WAITS),
        "kill": _if_any(0, (pid,)),
        "tgkill": _if_any(0, (pid,)),
        "prlimit64": _if_null(2),
        "prctl": _if_any(0, _PRCTL),
        "fcntl": _if_any(1, _FCNTL),
        "ioctl": _if_any(1, _IOCTL),
        "sendto": _if_null(4),  # send() is this call without an address
        "sched_setaffinity": _if_any(0, (0,)),
    }


def _if_called(number: int, then: list[Step]) -> list[Step]:
    return [] if number < 0 else [(_EQUAL, 0, len(then), number), *then]


def _argument(index: int, *, high: bool = False) -> Step:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index + 4 * high)


_ENDS: list[Step] = [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM)]


def _if_bits(index: int, bits: int) -> list[Step]:
    return [_argument(index), (_ANY_BIT, 0, 1, bits), *_ENDS]


def _unless_bits(index: int, bits: int) -> list[Step]:
    return [_argument(index), (_ANY_BIT, 1, 0, bits), *_ENDS]


def _if_any(index: int, values: tuple[int, ...]) -> list[Step]:
    *most, last = [(_EQUAL, len(values) - 1 - at, 0, value) for at, value in enumerate(values)]
    return [_argument(index), *most, (_EQUAL, 0, 1, last[3]), *_ENDS]


def _if_bits_or_any(index: int, bits: int, values: tuple[int, ...]) -> list[Step]:
    return [_argument(index), (_ANY_BIT, len(values), 0, bits), *_if_any(index, values)[1:]]


def _if_null(index: int) -> list[Step]:
    return [_argument(index), (_EQUAL, 0, 3, 0), _argument(index, high=True), (_EQUAL, 0, 1, 0), *_ENDS]


def _drop_rights(libc: ctypes.CDLL, capset: int) -> None:
    """Of what makes root more than any user, keep the right to read files: with the others it could look past Landlock.

    Who is not root has none, so the kernel refuses to leave that one; then none is left.
    """
    read_files, header = 1 << 2, struct.pack("=II", 0x20080522, 0)
    if libc.syscall(capset, header, struct.pack("=6I", read_files, read_files, 0, 0, 0, 0)):
        libc.syscall(capset, header, bytes(24))


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def _seccomp(libc: ctypes.CDLL, steps: list[Step]) -> bool:
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    held = ctypes.create_string_buffer(code, len(code))
    filter_ = _Program(len(steps), ctypes.addressof(held))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(filter_), 0, 0) == 0)


_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_WRITES = 0b1 | 0b10 | sum(1 << bit for bit in range(4, 13))
"""Run a file, write one, and make or remove entries of any kind."""
_LATER = ((2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""Version of Landlock → what it can refuse beside: links across folders, truncation, a device's controls."""


def _landlock(libc: ctypes.CDLL) -> bool:
    """Enter a domain without a rule: nothing that it handles is allowed anywhere."""
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    files = _WRITES | sum(bits for since, bits in _LATER if version >= since)
    tcp, outside = 0b11, 0b11  # bind and connect; abstract sockets and signals to processes outside
    words = [files] + ([tcp] if version >= 4 else []) + ([outside] if version >= 6 else [])
    ruleset = struct.pack(f"={len(words)}Q", *words)
    handle = libc.syscall(_CREATE_RULESET, ruleset, len(ruleset), 0)
    if handle < 0:
        return False
    held = bool(libc.syscall(_RESTRICT_SELF, handle, 0) == 0)
    os.close(handle)
    return held
