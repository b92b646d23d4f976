"""Runs a program that ends with its owner, under another account: ``python -I -S launcher.py ACCOUNT [COMMAND ...]``.

ACCOUNT is one of:

- ``same``: the account that runs this;
- ``namespace``: ``nobody`` in a new namespace of accounts, which owns outside what the account that runs this owns;
- ``nobody``: the account ``nobody``, which only root can become.

On Linux the kernel sends SIGINT to the program when the thread that started it ends, see prctl(2). Without COMMAND this
only tries whether it may become ACCOUNT. It imports the standard library only and needs no program on the PATH.
"""

import ctypes
import os
import sys
from pathlib import Path

# The number that Linux and most systems give to this account; it need not be in /etc/passwd.
NOBODY = 65534
# From Linux' include/uapi/linux/sched.h and prctl.h.
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_SIGINT = 2


def main(account: str, *command: str) -> None:
    """Become `account`, and then the program that `command` names."""
    if account == "namespace":
        _enter_namespace()
    elif account == "nobody":
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if command:
        if sys.platform == "linux":
            # After the change of account, which takes the signal away.
            _call("prctl", _PR_SET_PDEATHSIG, _SIGINT, 0, 0, 0)
        os.execv(command[0], command)  # noqa: S606 -- programs that were looked up


def _enter_namespace() -> None:
    account, group = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER)
    # From Linux 3.19 on a process may map itself, if it gives up setgroups(2) first.
    for file, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {account} 1"),
        ("gid_map", f"{NOBODY} {group} 1"),
    ):
        Path("/proc/self", file).write_text(content, encoding="ascii")


def _call(function: str, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, function)(*(ctypes.c_ulong(argument) for argument in arguments)) != 0:
        raise OSError(ctypes.get_errno(), f"{function}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (AttributeError, OSError) as failed:
        sys.exit(str(failed))
