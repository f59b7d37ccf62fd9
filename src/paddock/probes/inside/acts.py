"""What scenarios have done inside: using a limit up, typing into terminals. `sh PACK --act NAME WORDS… , NAME WORDS…`.

Each is bounded by itself, whatever the sandbox allows. How far they came is one number each, on the last line.

There are dozens of starts of this in a proof, so each imports what it needs itself.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

WORD, NEXT = "paddock-act", ","
MOST_PROCESSES, MOST_BYTES, MOST_FILES = 2048, 512 << 20, 1 << 16  # whoever asks for more gets these
_PIECE = 1 << 20


def fork(most: str) -> int:
    """So many children that wait; all are ended."""
    children: list[int] = []
    try:
        while len(children) < min(int(most), MOST_PROCESSES):
            pid = os.fork()
            if pid == 0:
                signal.pause()
            children.append(pid)
    except OSError:
        pass
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)
    return len(children)


def thread(most: str) -> int:
    """So many threads that wait."""
    import threading

    threading.stack_size(64 << 10)
    made = 0
    try:
        while made < min(int(most), MOST_PROCESSES):
            threading.Thread(target=threading.Event().wait, daemon=True).start()
            made += 1
    except RuntimeError:
        pass
    return made


def remember(size: str, processes: str = "1") -> int:
    """So many bytes of memory in use at one time, in equal parts by so many processes; how many are in use."""
    count = int(processes)
    part = min(int(size), MOST_BYTES) // count
    here, there = os.pipe()
    released, release = os.pipe()
    children = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            _hold(part, there, (released, release))
        children.append(pid)
    os.close(there)
    while os.read(here, count):  # a child that was killed has closed its end, like one that has spoken
        pass
    os.close(release)
    # One that had its part may have been killed for another's: those count that came to their own end.
    return part * sum(os.waitpid(pid, 0)[1] == 0 for pid in children)


def _hold(size: int, there: int, until: tuple[int, int]) -> None:
    """Use memory, say so, and keep it until the others have theirs. Ends with 1 where there was not enough."""
    released, release = until
    os.close(release)
    held: list[bytearray] = []
    with suppress(MemoryError):
        held = [bytearray(b"x") * _PIECE for _ in range(size // _PIECE)]
    os.write(there, b".")
    os.close(there)
    os.read(released, 1)
    os._exit(0 if held else 1)


def open_files(most: str) -> int:
    """So many open files."""
    descriptors: list[int] = []
    try:
        while len(descriptors) < min(int(most), MOST_FILES):
            descriptors.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for descriptor in descriptors:
        os.close(descriptor)
    return len(descriptors)


def write(path: str, size: str) -> int:
    """So large a file, taken away again; how large it became."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = os.path.expandvars(path)
    written = 0
    try:
        with open(path, "xb", buffering=0) as file:  # nothing that is there already
            try:
                while written < min(int(size), MOST_BYTES):
                    written += file.write(bytes(min(_PIECE, int(size) - written)))
            finally:
                os.unlink(path)
    except OSError:
        pass
    return written


def compute(seconds: str, processes: str, enough: str = "2") -> float:
    """How much time of processors was given in so many seconds of the clock to so many processes; each ends with
    `enough` of it, since more would show nothing. Kernels share time out by sessions first: sched(7), autogroup.
    """
    end = time.monotonic() + min(float(seconds), 2)
    children = []
    for _ in range(int(processes)):
        pid = os.fork()
        if pid == 0:
            os.setsid()
            while time.monotonic() < end and time.process_time() < float(enough):
                pass
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    times = os.times()
    return round(times.children_user + times.children_system, 3)


def push(byte: str, only: str = "") -> int:
    """Type a byte into every terminal in reach: TIOCSTI and TIOCLINUX; with high bits set, which a comparison of 64
    bits takes for another command (CVE-2017-5226, CVE-2019-10063). How often the kernel took it. With `only`
    no terminal but the own one.
    """
    import ctypes

    from paddock.probes.inside.effects import libc

    typed = ctypes.create_string_buffer(byte.encode())
    number = {"x86_64": 16, "aarch64": 29}[os.uname().machine]
    descriptors = [0, 1, 2]
    own = ("/dev/tty", "/proc/self/fd/0", "/proc/self/fd/2")
    for path in own if only else (*own, "/dev/console", "/dev/pts/0", "/proc/1/fd/0", "/proc/2/fd/0"):
        try:
            descriptors.append(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        except OSError:
            continue
    taken = 0
    for descriptor in descriptors:
        for command in (0x5412, 0x5412 | 1 << 32, 0x5412 | 0xFFFFFFFF << 32, 0x541C):
            words = (ctypes.c_long(number), ctypes.c_long(descriptor), ctypes.c_long(command))
            taken += libc.syscall(*words, typed) == 0
    return taken


ACTS: dict[str, Callable[..., float]] = {
    act.__name__: act for act in (fork, thread, remember, open_files, write, compute, push)
}


def main() -> None:
    """Act, one after another, and say what came of it."""
    came = []
    words = sys.argv[2:]
    while words:
        end = words.index(NEXT) if NEXT in words else len(words)
        came.append(ACTS[words[0]](*words[1:end]))
        words = words[end + 1 :]
    print(f"\n{WORD}", came, flush=True)  # a list of numbers is JSON as it is
    os._exit(0)  # threads that wait hold nobody up
