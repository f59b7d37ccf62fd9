"""Limits used up: each in a run of its own, with a small limit in the place of the plan's.

Without a sandbox the same is used, which is never more than the limit and a little.
"""

from __future__ import annotations

import os
import time

from paddock.errors import PaddockError
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios import living
from paddock.probes.scenarios.acting import AllEnded, act, limit
from paddock.probes.scenarios.scene import NotApplicable, by_engine, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Findings, Scene

_PROCESSES = 40
_MIB = 1 << 20
_MEMORY_MIB, _GUESTS_MIB = 64, 128  # of which a guest's kernel takes some
_FILES = 64
_PRIVATE = ("/tmp", "/var/tmp", "/dev/shm", "/run", "$HOME")  # noqa: S108 - of the sandbox
_PATIENCE_S = 30  # for what must end, beyond the limit, on a busy machine
_LONG_S = 60  # for what must come to its end, on a busy machine
_LOOKING = 64  # at memory, once in so many turns
_SHARE, _COMPUTING_S, _PERIOD_S = 0.05, 1.2, 0.1
_ENOUGH = 0.75  # of what all may have, for each of two
_WALL_S = 1
_FLOOD = 64 * _MIB
_KEPT_MIB = 32  # what a flood may leave in the memory of whoever passes it on
_TURN_S = 0.0005  # between looks at what has come
_DEEP = 1050  # deeper than Python recurses


@scenario("RS-01 fork-bomb", "RS-01 threads")
def processes(scene: Scene) -> Findings:
    """Programs and threads count alike; without a control group the person's others count as well (getrlimit(2))."""
    most = str(_PROCESSES + 1)
    flags = limit(scene, "processes", str(_PROCESSES), accept=True)
    try:
        forked, threads = act(scene, ("fork", most), ("thread", most), flags=flags)
    except PaddockError as error:
        if scene.plan is None or scene.plan.boundary.use != "landlock":
            raise
        raise Skipped("the person's other programs use the limit up, so that nothing starts") from error
    return {
        "RS-01 fork-bomb": _beyond(forked, _PROCESSES, "processes"),
        "RS-01 threads": _beyond(threads, _PROCESSES, "threads"),
    }


@scenario("RS-02 memory-of-one", "RS-05 private-directories-fill")
def memory(scene: Scene) -> Findings:
    """Whatever keeps the limit, a control group or each process's own. Private directories end with a part of it."""
    most = _memory_mib(scene)
    flags = limit(scene, "memory", f"{most}MiB", accept=True)
    places = ("$HOME",) if scene.bare else _PRIVATE
    fills = [("write", f"{place}/paddock-fill-{scene.ground.mark}", str(most * _MIB)) for place in places]
    try:
        used, *written = act(scene, ("remember", _too_much(most)), *fills, flags=flags)
        one = _beyond(used / _MIB, most, "MiB")
    except AllEnded as ended:
        one = [ended.what]
        written = list(act(scene, *fills, flags=flags))
    return {
        "RS-02 memory-of-one": one,
        "RS-05 private-directories-fill": [
            f"{size / _MIB:g} MiB in {place}"
            for place, size in zip(places, written, strict=True)
            if size >= most * _MIB
        ],
    }


@scenario("RS-02 memory-together")
def memory_together(scene: Scene) -> list[str]:
    """Each process by itself stays below."""
    most = _memory_mib(scene)
    flags = limit(scene, "memory", f"{most}MiB")
    try:
        (used,) = act(scene, ("remember", _too_much(most), "2"), flags=flags)
    except AllEnded:  # the limit is the whole sandbox's, and has been kept
        return []
    return _beyond(used / _MIB, most, "MiB")


def _memory_mib(scene: Scene) -> int:
    return _GUESTS_MIB if scene.plan and by_engine(scene.plan) else _MEMORY_MIB


def _too_much(most_mib: int) -> str:
    return str(most_mib * 6 // 5 * _MIB)


@scenario("RS-03 open-files", "RS-06 file-size")
def files(scene: Scene) -> Findings:
    """How many are open, and how large one of them grows."""
    flags = (*limit(scene, "open_files", str(_FILES)), *limit(scene, "file_size", "1MiB"))
    opened, size = act(scene, ("open_files", str(_FILES + 1)), ("write", "paddock-fill", str(2 * _MIB)), flags=flags)
    return {
        "RS-03 open-files": _beyond(opened, _FILES, "open files"),
        "RS-06 file-size": _beyond(size / _MIB, 1, "MiB"),
    }


@scenario("RS-08 cpu-share")
def processors(scene: Scene) -> list[str]:
    """Two that compute, where there is time for a twentieth of one."""
    flags = limit(scene, "cpus", str(_SHARE))
    # Time is given in slices: one period's worth more than the share is none too many.
    most = _COMPUTING_S * _SHARE + _PERIOD_S / 2
    # Each takes no more than that both together have too much.
    (given,) = act(scene, ("compute", str(_COMPUTING_S), "2", str(_ENOUGH * most)), flags=flags)
    return [f"{given:g} s of processors' time in {_COMPUTING_S:g} s"] if given > most else []


@scenario("RS-09 wall-timeout")
def wall(scene: Scene) -> list[str]:
    """The command, and a process that it left, which hears no signal that can be ignored."""
    mark = living.new_mark(scene)
    flags = limit(scene, "wall", f"{_WALL_S}s")
    # A shell is up long before the limit, on a busy machine too.
    script = f"{living.STAY}; echo up; exec sleep {living.LIFE_S}"
    started = scene.start("/bin/sh", "-c", script, mark, flags=flags, word="up")
    found = ["the command runs on"] if started.wait(_WALL_S + (_PATIENCE_S if flags else 0)) is None else []
    return [*found, *(["a process that it left runs on"] if living.left(scene, mark) else [])]


@scenario("RS-10 output-flood")
def flood(scene: Scene) -> list[str]:
    """Read late, by somebody who is slow: whoever passes it on keeps no more than a little of it."""
    if scene.bare:
        raise NotApplicable("there is nobody who passes it on")
    started = scene.start("/bin/sh", "-c", f"echo up; read line; exec head -c {_FLOOD} /dev/zero", word="up")
    started.write(b"\n")
    before = largest = _resident_mib(started.pid)
    seen = turns = 0
    deadline = time.monotonic() + _LONG_S
    while seen < _FLOOD and time.monotonic() < deadline:
        ended = started.wait(0) is not None
        some = started.read_waiting()
        seen += len(some)
        turns += 1
        if turns % _LOOKING == 0:
            largest = max(largest, _resident_mib(started.pid))
        if not some:
            if ended:
                break
            time.sleep(_TURN_S)
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
    done = scene.run("/bin/echo", "works", timeout_s=_LONG_S)
    return [] if done.stdout == b"works\n" else [done.stderr.decode(errors="replace").strip()[-200:] or "nothing ran"]


def _beyond(reached: float, most: float, what: str) -> list[str]:
    return [f"{reached:g} {what}, where {most:g} is the limit"] if reached > most else []


def _resident_mib(pid: int) -> int:
    """The memory of a process at its largest."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM:")), 0)
    except OSError as error:
        raise Skipped("how much memory the sandbox's program takes cannot be seen") from error
