"""Becomes another program that does not outlive its parent: child.py PARENT SIGNAL UID CAPABILITY -- ARGV...

A program of its own rather than a `preexec_fn`, which is not safe in a process with threads. It imports nothing of the
project and runs as `python -I -S`, so that it costs 15 ms.

PARENT      the pid that must still be the parent when the death signal is set, else the parent died in between
SIGNAL      the number of the signal to receive when the thread that started this process ends
UID         the user to become, or -1
CAPABILITY  the number of a capability to keep as that user, or -1
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if libc.prctl(option, *padded) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def become(uid: int, capability: int) -> None:
    if capability >= 0:
        # Without it the capability goes with the change of user, and access(2) ignores it afterwards.
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    if capability >= 0:
        keep(capability)


def keep(capability: int) -> None:
    """Ambient capabilities survive the exec of an ordinary program; they must be permitted and inheritable first."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    word, bit = divmod(capability, 32)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable of bits 0-31, then of bits 32-63
    for offset in range(3):
        sets[word * 3 + offset] = 1 << bit
    if libc.capset(header, sets) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def main(arguments: list[str]) -> None:
    parent, signal, uid, capability = map(int, arguments[:4])
    if uid >= 0:
        become(uid, capability)
    prctl(PR_SET_PDEATHSIG, signal)  # after the change of user, which clears it
    if os.getppid() != parent:
        sys.exit("the starting process ended before its child began")
    os.execvp(arguments[5], arguments[5:])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
