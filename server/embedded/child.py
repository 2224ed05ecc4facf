"""Become a server: tie this process to its parent's life, take on an identity that the server accepts, then exec it.

Run as a script (`python -I -S child.py …`), so that nothing has to run between fork and exec in a threaded supervisor.

    child.py --parent PID --death-signal N --identity self|namespace|UID:GID -- PROGRAM [ARGUMENT…]

PostgreSQL refuses to run as root. `namespace` keeps root's rights to its own files but shows another user id;
`UID:GID` is for kernels that allow no user namespaces: a real other user, who may pass root's closed folders.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CLONE_NEWUSER = 0x10000000
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
ROOT_ID = 0
NOBODY_ID = 65534
EXIT_ORPHANED = 82


def main(arguments: list[str]) -> None:
    """Never returns: execs the program after `--`, or exits."""
    split = arguments.index("--")
    options = dict(zip(arguments[:split:2], arguments[1:split:2], strict=True))
    program = arguments[split + 1 :]

    _restore_signals()
    take_identity(options["--identity"])
    # After the identity: the kernel forgets the death signal when credentials change.
    tie_to_parent(int(options["--parent"]), int(options["--death-signal"]))
    os.execv(program[0], program)  # noqa: S606 - the program is our own choice, never a person's text


def take_identity(identity: str) -> None:
    """Raises OSError when the kernel does not allow it."""
    if identity == "namespace":
        _enter_namespace()
    elif identity != "self":
        user, group = identity.split(":")
        _become(int(user), int(group))


def tie_to_parent(parent: int, death_signal: int) -> None:
    """Ask Linux to signal us when the parent dies; elsewhere the next start ends what was left behind."""
    if not sys.platform.startswith("linux"):
        return
    _call("prctl", PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # It died before we asked.
        sys.exit(EXIT_ORPHANED)


def _restore_signals() -> None:
    # A shell's background job ignores SIGINT, and ignored signals survive exec: PostgreSQL is stopped by SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _enter_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    shown = _id_with_a_name()
    _call("unshare", CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{shown} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{shown} {group} 1")


def _id_with_a_name() -> int:
    """Choose whom PostgreSQL sees: not root, and somebody whom `initdb` can look up. A fresh container knows few."""
    known = [entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid not in {ROOT_ID, NOBODY_ID}]
    return min(known, default=NOBODY_ID)


def _become(user: int, group: int) -> None:
    _call("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    _keep_passage()


def _keep_passage() -> None:
    """Keep the one right that lets the new user pass a 0700 folder of root's on the way to its own files."""
    mask = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable; once for the low 32 capabilities and once for the high ones.
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _call("capset", header, data)
    _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
