"""Limits used up: each in a run of its own, with a small limit in the place of the plan's.

Without a sandbox the same is used, which is never more than the limit and a little.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios.acting import act, limit, words
from paddock.probes.scenarios.processes import alive
from paddock.probes.scenarios.scene import NotApplicable, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Findings, Scene

_PROCESSES = 40
_MIB = 1 << 20
_MEMORY_MIB = 128
_FILES = 64
_PRIVATE = ("/tmp", "/var/tmp", "/dev/shm", "/run", "$HOME")  # noqa: S108 - of the sandbox
_PATIENCE_S = 5  # for what must end, beyond the limit
_SHARE, _COMPUTING_S, _PERIOD_S = 0.05, 0.6, 0.1
_WALL_S = 1
_FLOOD = 64 * _MIB
_KEPT_MIB = 32  # what a flood may leave in the memory of whoever passes it on
_DEEP = 1050  # deeper than Python recurses


@scenario("RS-01 fork-bomb", "RS-01 threads")
def processes(scene: Scene) -> Findings:
    """Programs and threads count alike."""
    flags = limit(scene, "processes", str(_PROCESSES))
    most = str(_PROCESSES + 1)
    return {
        "RS-01 fork-bomb": _beyond(act(scene, "fork", most, flags=flags), _PROCESSES, "processes"),
        "RS-01 threads": _beyond(act(scene, "thread", most, flags=flags), _PROCESSES, "threads"),
    }


@scenario("RS-02 memory-of-one")
def memory(scene: Scene) -> list[str]:
    """Whatever keeps the limit, a control group or each process's own."""
    flags = limit(scene, "memory", f"{_MEMORY_MIB}MiB", accept=True)
    used = act(scene, "remember", str(_MEMORY_MIB * 6 // 5 * _MIB), flags=flags)
    return _beyond(used / _MIB, _MEMORY_MIB, "MiB")


@scenario("RS-02 memory-together")
def memory_together(scene: Scene) -> list[str]:
    """Each process by itself stays below."""
    flags = limit(scene, "memory", f"{_MEMORY_MIB}MiB")
    used = act(scene, "remember", str(_MEMORY_MIB * 6 // 5 * _MIB), "2", flags=flags)
    return _beyond(used / _MIB, _MEMORY_MIB, "MiB")


@scenario("RS-03 open-files")
def open_files(scene: Scene) -> list[str]:
    """Three are open at the start."""
    flags = limit(scene, "open_files", str(_FILES))
    return _beyond(act(scene, "open_files", str(_FILES + 1), flags=flags), _FILES - 1, "open files beside three")


@scenario("RS-05 private-directories-fill")
def fill(scene: Scene) -> list[str]:
    """They are in memory, and end where a part of that does."""
    flags = limit(scene, "memory", f"{_MEMORY_MIB}MiB", accept=True)
    found = []
    for place in _PRIVATE if not scene.bare else ("$HOME",):
        path = f"{place}/paddock-fill-{scene.ground.mark}"
        written = act(scene, "write", path, str(_MEMORY_MIB * _MIB), flags=flags)
        found += [f"{written / _MIB:g} MiB in {place}"] if written >= _MEMORY_MIB * _MIB else []
    return found


@scenario("RS-06 file-size")
def file_size(scene: Scene) -> list[str]:
    """Of one file in the repository."""
    flags = limit(scene, "file_size", "1MiB")
    return _beyond(act(scene, "write", "paddock-fill", str(2 * _MIB), flags=flags) / _MIB, 1, "MiB")


@scenario("RS-08 cpu-share")
def processors(scene: Scene) -> list[str]:
    """Two that compute, where there is time for a twentieth of one."""
    flags = limit(scene, "cpus", str(_SHARE))
    given = act(scene, "compute", str(_COMPUTING_S), "2", flags=flags)
    # Time is given in slices: one period's worth more than the share is none too many.
    most = _COMPUTING_S * _SHARE + _PERIOD_S / 2
    return [f"{given:g} s of processors' time in {_COMPUTING_S:g} s"] if given > most else []


@scenario("RS-09 wall-timeout")
def wall(scene: Scene) -> list[str]:
    """The command, and a process that it left, which hears no signal that can be ignored."""
    mark = f"paddock-probe-{scene.ground.mark}"
    flags = limit(scene, "wall", f"{_WALL_S}s")
    started = scene.start(*words(scene, "linger", mark), flags=flags, word="up")
    found = ["the command runs on"] if started.wait(_WALL_S + (_PATIENCE_S if flags else 0)) is None else []
    left = alive(mark)
    for pid in left:  # as far as we may: it ends by itself, too
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return [*found, *(["a process that it left runs on"] if left else [])]


@scenario("RS-10 output-flood")
def flood(scene: Scene) -> list[str]:
    """Read late, by somebody who is slow: whoever passes it on keeps no more than a little of it."""
    if scene.bare:
        raise NotApplicable("there is nobody who passes it on")
    started = scene.start("/bin/sh", "-c", f"echo up; read line; exec head -c {_FLOOD} /dev/zero", word="up")
    started.write(b"\n")
    before = largest = _resident_mib(started.pid)
    seen = 0
    deadline = time.monotonic() + 2 * _PATIENCE_S
    while seen < _FLOOD and time.monotonic() < deadline:
        largest = max(largest, _resident_mib(started.pid))
        ended = started.wait(0) is not None
        some = started.read_waiting()
        seen += len(some)
        if ended and not some:
            break
    if seen < _FLOOD:
        return [f"{seen >> 20} MiB of {_FLOOD >> 20} came out"]
    return [f"{largest} MiB of memory, {before} before"] if largest > before + _KEPT_MIB else []


def _dig(top: str) -> None:
    """Deeper than most programs recurse, our own cleaning included: `_fill_in` undoes it."""
    here = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for number in range(_DEEP):
        os.mkdir("d", dir_fd=here)
        if number % 100 == 0:
            os.symlink("..", "circle", dir_fd=here)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def _fill_in(top: str) -> None:
    """Take away what was dug, from its end."""
    here = os.open(f"{top}{'/d' * _DEEP}", os.O_RDONLY | os.O_DIRECTORY)
    for number in reversed(range(_DEEP)):
        above = os.open("..", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        if number % 100 == 0:
            os.unlink("circle", dir_fd=above)
        os.rmdir("d", dir_fd=above)
        here = above
    os.close(here)


@scenario("RS-13 deep-tree")
def deep_tree(scene: Scene) -> list[str]:
    """Directories as deep as they go, and links in circles, before anything starts."""
    _dig(scene.ground.repo)
    scene.ground.undo.callback(_fill_in, scene.ground.repo)
    begun = time.monotonic()
    done = scene.run("/bin/echo", "works", timeout_s=4 * _PATIENCE_S)
    took = time.monotonic() - begun
    found = [] if done.stdout == b"works\n" else [done.stderr.decode(errors="replace").strip()[-200:] or "nothing ran"]
    return [*found, *([f"it took {took:.1f} s to start"] if took > _PATIENCE_S else [])]


def _beyond(reached: float, most: float, what: str) -> list[str]:
    return [f"{reached:g} {what}, where {most:g} is the limit"] if reached > most else []


def _resident_mib(pid: int) -> int:
    """The memory of a process at its largest."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM:")), 0)
    except OSError as error:
        raise Skipped("how much memory the sandbox's program takes cannot be seen") from error
