"""Linux system calls that a user's function may make, as (x86_64, aarch64): an allow list; the kernel refuses the rest.

A call is here if it touches only the process itself, reads files, or uses what the process itself has open. A call that
reaches an object of another program by a number or a name it can guess (shared memory, semaphores, message queues, keys,
another process) is not, whether it makes the object or only uses it. A call may have a rule for its arguments instead.
"""

from __future__ import annotations

MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine → (the kernel's word for it, its column in the tables below)."""
NEWEST = 462
"""A greater number is newer than these tables; it counts as a call that the kernel lacks."""
_NONE = -1

ALLOWED: dict[str, tuple[int, int]] = {
    # its own memory
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "brk": (12, 214),
    "madvise": (28, 233), "msync": (26, 227), "mbind": (237, 235), "set_mempolicy": (238, 237),
    "get_mempolicy": (239, 236), "pkey_mprotect": (329, 288), "pkey_alloc": (330, 289), "pkey_free": (331, 290),
    "membarrier": (324, 283), "map_shadow_stack": (453, 453),
    # its own threads
    "set_robust_list": (273, 99), "rseq": (334, 293), "set_tid_address": (218, 96), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "sched_rr_get_interval": (148, 127),
    "sched_getattr": (315, 275), "getcpu": (309, 168), "arch_prctl": (158, _NONE), "exit": (60, 93),
    "exit_group": (231, 94), "restart_syscall": (219, 128),
    # reading files
    "read": (0, 63), "pread64": (17, 67), "readv": (19, 65), "preadv": (295, 69), "preadv2": (327, 286),
    "lseek": (8, 62), "readahead": (187, 213), "fadvise64": (221, 223), "stat": (4, _NONE), "fstat": (5, 80),
    "lstat": (6, _NONE), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, _NONE),
    "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, _NONE), "readlinkat": (267, 78),
    "getdents": (78, _NONE), "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50),
    "statfs": (137, 43), "fstatfs": (138, 44), "getxattr": (191, 8), "lgetxattr": (192, 9), "fgetxattr": (193, 10),
    "listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13),
    # what it has open; nothing is open for writing but pipes of its own and /dev/null
    "write": (1, 64), "pwrite64": (18, 68), "writev": (20, 66), "pwritev": (296, 70), "pwritev2": (328, 287),
    "close": (3, 57), "close_range": (436, 436), "dup": (32, 23), "dup2": (33, _NONE), "dup3": (292, 24),
    "pipe": (22, _NONE), "pipe2": (293, 59), "eventfd": (284, _NONE), "eventfd2": (290, 19), "poll": (7, _NONE),
    "ppoll": (271, 73), "select": (23, _NONE), "pselect6": (270, 72), "epoll_create": (213, _NONE),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, _NONE), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "timerfd_create": (283, 85), "timerfd_settime": (286, 86),
    "timerfd_gettime": (287, 87), "signalfd": (282, _NONE), "signalfd4": (289, 74),
    # a pair of sockets of its own, as event loops wake themselves by
    "socketpair": (53, 199), "recvfrom": (45, 207), "recvmsg": (47, 212), "shutdown": (48, 210),
    "getsockopt": (55, 209), "getsockname": (51, 204), "getpeername": (52, 205),
    # time
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101),
    "gettimeofday": (96, 169), "time": (201, _NONE), "times": (100, 153), "getitimer": (36, 102),
    "setitimer": (38, 103), "alarm": (37, _NONE), "timer_create": (222, 107), "timer_settime": (223, 110),
    "timer_gettime": (224, 108), "timer_getoverrun": (225, 109), "timer_delete": (226, 111),
    # its own signals
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137), "sigaltstack": (131, 132), "pause": (34, _NONE),
    # asking who and where it is
    "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getresuid": (118, 148), "getresgid": (120, 150),
    "getgroups": (115, 158), "getpgrp": (111, _NONE), "getpgid": (121, 155), "getsid": (124, 156),
    "getrlimit": (97, 163), "getrusage": (98, 165), "getpriority": (140, 141), "ioprio_get": (252, 31),
    "capget": (125, 90), "sysinfo": (99, 179), "uname": (63, 160), "umask": (95, 166), "getrandom": (318, 278),
    "wait4": (61, 260), "waitid": (247, 95),
}  # fmt: skip
"""Always allowed."""

BY_ARGUMENT: dict[str, tuple[int, int]] = {
    "open": (2, _NONE), "openat": (257, 56), "clone": (56, 220), "futex": (202, 98), "kill": (62, 129), "tgkill": (234, 131),
    "prlimit64": (302, 261), "prctl": (157, 167), "fcntl": (72, 25), "ioctl": (16, 29), "sendto": (44, 206),
    "sched_setaffinity": (203, 122),
}  # fmt: skip
"""Allowed for some arguments only; `kernel.program` has the rules."""

MISSING: dict[str, tuple[int, int]] = {"openat2": (437, 437), "clone3": (435, 435)}
"""Their flags lie in memory that a filter cannot see; callers fall back to the older call when the kernel lacks one."""
