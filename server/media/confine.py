"""Become a program that may do little: limits, no network, no files but its own, no new rights; then exec it.

Run as a script (`python -I -S confine.py …`), so that nothing has to run between fork and exec in a threaded worker.

    confine.py --parent PID --cpu-s N --memory N --output N --write FOLDER [--read PATH]… -- PROGRAM [ARGUMENT…]

What a decoder of hostile bytes could do if the bytes took it over: burn its processor time, fill its memory, write its
output. Files and network are closed by Landlock and a network namespace where the kernel has them; where it has not,
the rest holds all the same.
"""

import ctypes
import os
import resource
import signal
import stat
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
EXIT_ORPHANED = 82
OPEN_FILES_MAX = 64
STACK_BYTES = 1024 * 1024  # Of each thread too: sixteen threads of 8 MiB would count against the memory.
CPU_GRACE_S = 5  # Between the signal that a program may catch and the one it may not.
NICENESS = 10

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_VERSION = 1
RULE_PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_FILE, MAKE_REG, TRUNCATE = 1 << 5, 1 << 8, 1 << 14
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE  # The others make sense for folders only.
RIGHTS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
NEWEST_RIGHTS = (1 << 16) - 1
TCP_BIND_AND_CONNECT = 3


class RulesetAttr(ctypes.Structure):
    """`struct landlock_ruleset_attr` as far as version 4 knows it."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class PathBeneathAttr(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def main(arguments: list[str]) -> None:
    """Never returns: execs the program after `--`, or exits."""
    split = arguments.index("--")
    program = arguments[split + 1 :]
    options = list(zip(arguments[:split:2], arguments[1:split:2], strict=True))
    one = dict(options)
    _restore_signals()
    _limit(cpu_s=int(one["--cpu-s"]), memory=int(one["--memory"]), output=int(one["--output"]))
    if sys.platform.startswith("linux"):
        close_network()
        _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        close_files(write=one["--write"], read=[path for name, path in options if name == "--read"])
        # Last: the kernel forgets the death signal when credentials change.
        _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(one["--parent"]):  # It died before we asked.
            sys.exit(EXIT_ORPHANED)
    os.execve(program[0], program, {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"})  # noqa: S606 - our own choice


def _restore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _limit(*, cpu_s: int, memory: int, output: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + CPU_GRACE_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES_MAX, OPEN_FILES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, STACK_BYTES))
    if sys.platform.startswith("linux"):  # macOS knows the name and refuses the value.
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    os.nice(NICENESS)


def close_network() -> bool:
    """Whether the kernel let us into a network without a way out."""
    try:
        _call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
    except OSError:
        return False
    return True


def close_files(*, write: str, read: list[str]) -> bool:
    """Close every file but those; whether the kernel knows how. Files that are open already stay open."""
    version = _syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    if version < 1:
        return False
    rights = RIGHTS_BY_VERSION.get(version, NEWEST_RIGHTS)
    attr = RulesetAttr(rights, TCP_BIND_AND_CONNECT if version >= 4 else 0)
    size = ctypes.sizeof(attr) if version >= 4 else ctypes.sizeof(ctypes.c_uint64)
    ruleset = _syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(attr), size, 0)
    if ruleset < 0:
        return False
    for path in read:
        _allow(ruleset, path, rights & (EXECUTE | READ_FILE | READ_DIR))
    _allow(ruleset, write, rights & (READ_FILE | READ_DIR | WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE))
    return _syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0


def can_confine() -> str:
    """What this kernel lets us close, in words: "files", "network". Closes both to the process that asks."""
    if not sys.platform.startswith("linux"):
        return ""
    has_network = close_network()
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return " ".join([*(["files"] if close_files(write="/tmp", read=[]) else []), *(["network"] if has_network else [])])  # noqa: S108 - nothing is written


def _allow(ruleset: int, path: str, rights: int) -> None:
    """A path that is not there needs no permission."""
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(folder).st_mode):
        rights &= FILE_RIGHTS
    _syscall(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(PathBeneathAttr(rights, folder)), 0)
    os.close(folder)


def _syscall(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *arguments))


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
