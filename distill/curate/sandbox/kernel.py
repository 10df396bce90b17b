"""What the Linux kernel refuses from here on, for good: network, other processes, and any change to a file.

A seccomp filter turns the system calls below into EPERM, whatever makes them: Python, ctypes or a library in C. A
Landlock domain refuses writing a second time, and closes the way around it: a process in one cannot read another's
environment or memory through /proc. Threads, reading files and memory stay. Both hold without root and are inherited.
It is a deny list of calls; a number that was not known when it was written counts as a call that the kernel lacks.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine → (the kernel's word for it, its column in the tables below)."""
_NONE = -1

DENIED: dict[str, tuple[int, int]] = {
    # network: without a socket there is none; one of a pair reaches others only where it names them
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    "sendmsg": (46, 211), "sendmmsg": (307, 269),
    # processes, other programs, and what other processes hold
    "fork": (57, _NONE), "vfork": (58, _NONE), "execve": (59, 221), "execveat": (322, 281), "unshare": (272, 97),
    "setns": (308, 268), "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "process_madvise": (440, 440), "kcmp": (312, 272),
    "setpgid": (109, 154), "setsid": (112, 157), "setpriority": (141, 140), "perf_event_open": (298, 241),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "process_mrelease": (448, 448),
    # its own limits and rights
    "setrlimit": (160, 164), "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setfsuid": (122, 151), "setfsgid": (123, 152), "setgroups": (116, 159),
    "capset": (126, 91), "bpf": (321, 280), "userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # files: whatever makes, changes or removes one
    "creat": (85, _NONE), "open_by_handle_at": (304, 265), "unlink": (87, _NONE), "unlinkat": (263, 35), "rename": (82, _NONE),
    "renameat": (264, 38), "renameat2": (316, 276), "rmdir": (84, _NONE), "mkdir": (83, _NONE), "mkdirat": (258, 34),
    "link": (86, _NONE), "linkat": (265, 37), "symlink": (88, _NONE), "symlinkat": (266, 36), "mknod": (133, _NONE),
    "mknodat": (259, 33), "truncate": (76, 45), "ftruncate": (77, 46), "fallocate": (285, 47), "chmod": (90, _NONE),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, _NONE), "fchown": (93, 55),
    "lchown": (94, _NONE), "fchownat": (260, 54), "utime": (132, _NONE), "utimes": (235, _NONE), "utimensat": (280, 88),
    "futimesat": (261, _NONE), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "flock": (73, 32), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # the machine
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "sethostname": (170, 161),
    "setdomainname": (171, 162), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266), "acct": (163, 89), "quotactl": (179, 60), "syslog": (103, 116),
}  # fmt: skip
"""Calls that always fail, as (x86_64, aarch64)."""
_OPEN, _OPENAT, _OPENAT2, _CLONE, _CLONE3 = (2, _NONE), (257, 56), (437, 437), (56, 220), (435, 435)
_KILL, _TGKILL, _PRLIMIT, _PRCTL = (62, 129), (234, 131), (302, 261), (157, 167)
_FCNTL, _IOCTL, _SENDTO, _AFFINITY = (72, 25), (16, 29), (44, 206), (203, 122)
_NEWEST = 462

_ALLOW, _EPERM, _ENOSYS, _KILL_PROCESS = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
"""Where the filter finds the call's number, the machine and the arguments, of 8 bytes each with the low half first."""
_TO_WRITE = 0o3 | 0o100 | 0o1000
"""O_WRONLY and O_RDWR, O_CREAT, O_TRUNC."""
_A_THREAD = 0x10000
_FCNTL_DENIED = (6, 7, 37, 38, 1024, 8, 10, 15)
"""Locks and leases, at which other processes wait or fail; whom a file signals and with what (F_SETOWN, _SIG, _OWN_EX)."""
_IOCTL_ALLOWED = (0x541B, 0x5401, 0x5451, 0x5450, 0x5421, 0x5413)
"""FIONREAD, TCGETS, FIOCLEX, FIONCLEX, FIONBIO, TIOCGWINSZ; most others change a file, a device or a terminal."""
_SET_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 1, 38, 22, 2

Step = tuple[int, int, int, int]
"""One instruction of the filter: code, steps to skip if it holds, steps to skip if not, operand."""


def lock() -> list[str]:
    """Close what the kernel can close for this process; returns the layers that now hold, e.g. ["landlock", "seccomp"].

    An empty list is a system that has neither; the caller has other layers, and says which it has.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ARCHITECTURES or struct.calcsize("P") != 8:
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return []
    _drop_rights(libc, DENIED["capset"][ARCHITECTURES[machine][1]])
    held = ["landlock"] if _landlock(libc) else []
    return [*held, "seccomp"] if _seccomp(libc, program(machine, os.getpid())) else held


def program(machine: str, pid: int) -> list[Step]:
    """The filter for one machine and the process `pid`, which may send signals to itself alone."""
    word, column = ARCHITECTURES[machine]
    steps: list[Step] = [
        (_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, word), (_RETURN, 0, 0, _KILL_PROCESS), (_LOAD, 0, 0, _NUMBER),
    ]  # fmt: skip
    for numbers in DENIED.values():
        steps += _if_called(numbers[column], [(_RETURN, 0, 0, _EPERM)])
    for numbers in (_OPENAT2, _CLONE3):  # their flags are out of a filter's sight; callers then use the older call
        steps += _if_called(numbers[column], [(_RETURN, 0, 0, _ENOSYS)])
    steps += _if_called(_OPEN[column], _unless_bits(1, _TO_WRITE))
    steps += _if_called(_OPENAT[column], _unless_bits(2, _TO_WRITE))
    steps += _if_called(_CLONE[column], _if_bits(0, _A_THREAD))
    for numbers in (_KILL, _TGKILL):
        steps += _if_called(numbers[column], _if_equal(0, pid))
    steps += _if_called(_PRLIMIT[column], _if_null(2))
    steps += _if_called(_PRCTL[column], _unless_any(0, (_SET_DEATH_SIGNAL,)))
    steps += _if_called(_FCNTL[column], _unless_any(1, _FCNTL_DENIED))
    steps += _if_called(_IOCTL[column], _if_any(1, _IOCTL_ALLOWED))
    steps += _if_called(_SENDTO[column], _if_null(4))  # send() is this call without an address
    steps += _if_called(_AFFINITY[column], _if_equal(0, 0))
    return [*steps, (_GREATER, 0, 1, _NEWEST), (_RETURN, 0, 0, _ENOSYS), (_RETURN, 0, 0, _ALLOW)]


def _if_called(number: int, then: list[Step]) -> list[Step]:
    return [] if number == _NONE else [(_EQUAL, 0, len(then), number), *then]


def _argument(index: int, *, high: bool = False) -> Step:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index + 4 * high)


_ENDS: list[Step] = [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM)]


def _if_bits(index: int, bits: int) -> list[Step]:
    return [_argument(index), (_ANY_BIT, 0, 1, bits), *_ENDS]


def _unless_bits(index: int, bits: int) -> list[Step]:
    return [_argument(index), (_ANY_BIT, 1, 0, bits), *_ENDS]


def _if_equal(index: int, value: int) -> list[Step]:
    return [_argument(index), (_EQUAL, 0, 1, value), *_ENDS]


def _unless_any(index: int, values: tuple[int, ...]) -> list[Step]:
    tests = [(_EQUAL, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [_argument(index), *tests, *_ENDS]


def _if_any(index: int, values: tuple[int, ...]) -> list[Step]:
    *most, last = [(_EQUAL, len(values) - 1 - at, 0, value) for at, value in enumerate(values)]
    return [_argument(index), *most, (_EQUAL, 0, 1, last[3]), *_ENDS]


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
