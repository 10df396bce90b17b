"""Python's audit hook: refuses by name what the interpreter is about to do. It cannot be taken out again.

It is the only layer where the kernel has none, and then a fence, not a wall: code in C does not pass by it. Where the
kernel holds too, it still gives the clearer message.
"""

from __future__ import annotations

import os
import stat
import sys

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FILES = frozenset(
    f"os.{name}"
    for name in (
        "remove", "rename", "rmdir", "mkdir", "link", "symlink", "truncate", "chmod", "chown", "chflags", "lockf", "utime",
        "setxattr", "removexattr",
    )
) | {"fcntl.flock", "fcntl.lockf"}  # fmt: skip
PROCESSES = frozenset(
    {
        "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile", "pty.spawn",
        "subprocess.Popen", "os.killpg", "resource.setrlimit", "resource.prlimit", "syslog.openlog",
    }
)  # fmt: skip
NETWORK = frozenset(
    {
        "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
        "socket.gethostbyaddr",
    }
)  # fmt: skip
NATIVE = frozenset({"ctypes.dlsym", "ctypes.dlsym/handle"})
"""How ctypes comes to a function of the C library; refused only where no kernel filter stands behind us."""


def install(*, alone: bool) -> None:
    """Refuse from here on; `alone` says that no kernel filter holds, so C functions by name are refused as well."""
    refused = {
        **dict.fromkeys(FILES, "no file may be changed here"),
        **dict.fromkeys(PROCESSES, "no process may be started or changed here"),
        **dict.fromkeys(NETWORK, "there is no network here"),
        **(dict.fromkeys(NATIVE, "no C function may be called by name here") if alone else {}),
    }
    me = os.getpid()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        said = refused.get(event)
        if said is None:
            if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
                said = f"no file may be written here: {str(arguments[0])[:120]}"
            elif event == "open" and _is_queue(arguments[0]):
                said = "no named pipe may be read here: what one program reads, another misses"
            elif event == "os.kill" and arguments[0] != me:
                said = "no other process may be signalled here"
            elif event == "sqlite3.connect" and alone and not _reads_only(str(arguments[0])):
                said = "a database may be opened here with `mode=ro` only"
            else:
                return
        raise PermissionError(said)

    sys.addaudithook(hook)


def _is_queue(path: object) -> bool:
    """A named pipe; the kernel's layers let every file be read, so code in C still can."""
    try:
        return isinstance(path, str | bytes | os.PathLike) and stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116 - at each open: no object more than needed
    except (OSError, ValueError):
        return False


def _reads_only(database: str) -> bool:
    return database == ":memory:" or (database.startswith("file:") and "mode=ro" in database)
