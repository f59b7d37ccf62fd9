"""A sandbox's end: what lives on, what is left behind, and what a signal or a sudden death does."""

from __future__ import annotations

import os
import signal

from paddock.errors import PaddockError
from paddock.probes.planting.files import fingerprint
from paddock.probes.scenarios import living
from paddock.probes.scenarios.scene import NotApplicable, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.probes.scenarios.scene import Finding, Findings, Scene

_LONG_S = 30  # for what ends, on a busy machine; what does not costs as much
_UP = "up"
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_RUNTIME, _STATE = "runtime/paddock", ".local/state/paddock"
_WORK = "echo precious > work"


@scenario("LC-03 signals-end-it")
def signals(scene: Scene) -> Sequence[str]:
    """To the launcher, as a service manager, a closed terminal and Ctrl-C send them; all at once, each to its own."""
    # One that we ignore, as under nohup, everything below us ignores as well.
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    marks = [living.new_mark(scene) for _ in heard]
    script = f"{living.STAY}; echo {_UP}; exec sleep {living.LIFE_S}"
    started = [scene.start("/bin/sh", "-c", script, mark, word=_UP) for mark in marks]
    found = []
    for number, one in zip(heard, started, strict=True):
        os.kill(one.pid, number)
    for number, one in zip(heard, started, strict=True):
        status = one.wait(_LONG_S)
        if status not in (128 + number, -number):
            what = "goes on" if status is None else f"ended with {status}"
            found.append(f"after {signal.Signals(number).name} it {what}")
    return [*found, *living.left(scene, *marks)]


@scenario("LC-01 daemon-survives", "LC-02 launcher-killed", "LC-16 recovery-after-a-crash")
def deaths(scene: Scene) -> Findings:
    """First a command ends well, and leaves a process behind. Then SIGKILL leaves the launcher no time for anything.

    What was written up to then is not lost.
    """
    _clear(scene)
    ended = living.new_mark(scene)
    scene.start("/bin/sh", "-c", living.STAY, ended).wait(_LONG_S)
    daemon = living.left(scene, ended)
    mark = living.new_mark(scene)
    before = fingerprint(scene.ground.repo)
    script = f"{_WORK}; (sleep {living.LIFE_S}; true) & {living.STAY}; echo {_UP}; wait"
    started = scene.start("/bin/sh", "-c", script, mark, word=_UP)
    os.kill(started.pid, signal.SIGKILL)
    started.wait(5)
    return {
        "LC-01 daemon-survives": daemon,
        "LC-02 launcher-killed": living.left(scene, mark),
        "LC-16 recovery-after-a-crash": _recovered(scene, before),
    }


def _clear(scene: Scene) -> None:
    """No directory of live sandboxes, and a place for it that others may enter."""
    import shutil

    shutil.rmtree(f"{scene.ground.home}/{_RUNTIME}")
    os.chmod(os.path.dirname(f"{scene.ground.home}/{_RUNTIME}"), 0o755)  # noqa: S103 - what others may enter


def _recovered(scene: Scene, before: str) -> Finding:
    if not scene.paddock:
        return NotApplicable("about Paddock's own state")
    try:
        return _remains(scene, before)
    except PaddockError as error:  # what was seen of processes counts all the same
        return error


def _remains(scene: Scene, before: str) -> list[str]:
    found = ["clean could not remove all"] if scene.ask("clean")["left"] else []
    found += ["something is still listed as live"] if scene.ask("ps")["sandboxes"] else []
    if scene.plan and scene.plan.workspace.mode == "review":
        held = [change["path"] for change in scene.ask("diff")["changes"]]
        found += [] if "work" in held else ["the work is lost"]
        found += [] if fingerprint(scene.ground.repo) == before else ["the repository has changed"]
    return found


@scenario(
    "LC-06 no-ghost-files",
    "LC-07 no-containers-left",
    "LC-08 nothing-left",
    "LC-09 no-control-groups",
    "LC-10 private-run-time-files",
    "LC-18 no-set-id-program",
)
def ordinary(scene: Scene) -> Findings:
    """A command that does nothing, under a umask that hides nothing: what is there meanwhile, and what of it stays."""
    mark = living.new_mark(scene)
    _clear(scene)
    files, mounts = _files(scene), living.mounts(scene.ground.base)
    script = f"echo {_UP}; cat"
    started = scene.start(
        "/bin/sh", "-c", script, mark, word=_UP, through=("/bin/sh", "-c", 'umask 000; exec "$@"', "sh")
    )
    processes = living.below(started.pid)
    groups = living.control_groups(processes) - living.control_groups([os.getpid()])
    entered, containers = _entered(scene), living.containers(scene)
    started.end(_LONG_S)
    stay = [*living.gone(scene, processes), *(f"wrote {line}" for line in living.mounts(scene.ground.base) - mounts)]
    live = f"{scene.ground.home}/{_RUNTIME}/live"
    names = [f"wrote {live}/{name}" for name in (os.listdir(live) if os.path.isdir(live) else [])]
    return {
        "LC-06 no-ghost-files": [f"wrote: {name}" for name, now in _files(scene).items() if now != files[name]],
        "LC-07 no-containers-left": living.removed(scene, containers),
        "LC-08 nothing-left": [*stay, *names],
        "LC-09 no-control-groups": [f"wrote {path}" for path in sorted(groups) if os.path.isdir(path)],
        "LC-10 private-run-time-files": entered,
        "LC-18 no-set-id-program": _set_id(scene),
    }


def _entered(scene: Scene) -> Finding:
    """Directories of Paddock's own that somebody else may enter."""
    if not scene.paddock:
        return NotApplicable("about Paddock's own directories")
    own = [f"{scene.ground.home}/{path}" for path in (_RUNTIME, _STATE)]
    return [f"wrote {path}, which others may enter" for path in own if os.stat(path).st_mode & 0o077]


def _set_id(scene: Scene) -> Finding:
    """All that Paddock brings along is what any program is: files without rights of their own."""
    if not scene.paddock:
        return NotApplicable("about Paddock's own files")
    import paddock

    found = []
    for directory, _, names in os.walk(os.path.dirname(paddock.__file__)):
        for name in names:
            path = f"{directory}/{name}"
            capable = "security.capability" in os.listxattr(path, follow_symlinks=False)
            found += [f"wrote {path} with rights of its own"] if os.lstat(path).st_mode & 0o6000 or capable else []
    return found


def _files(scene: Scene) -> Mapping[str, str]:
    """By the repository's own word, and by ours, which sees what git would not."""
    words = ("git", "--no-optional-locks", "status", "--porcelain", "--ignored")  # which does not touch the index
    status = scene.host("/usr/bin/env", *words).stdout.decode(errors="replace")
    return {"git status": status, "repository": fingerprint(scene.ground.repo)}


# Everywhere where a program may usually write; below the home, and not.
_AT_HOME = ("", ".cache/", ".config/", ".local/bin/")
_CACHES = (".cache/pip/wheels/", ".npm/_cacache/", ".cargo/registry/", "go/pkg/mod/cache/")
_TEMPORARY = ("/tmp/", "/var/tmp/", "/dev/shm/")  # noqa: S108 - where the control leaves them


@scenario("LC-11 disposable", "SC-08 cache-poison")
def disposable(scene: Scene) -> Findings:
    """A first command writes wherever it can, caches of packages among it; a second one looks."""
    name = f"paddock-left-{scene.ground.mark}"
    for directory in _TEMPORARY:
        scene.ground.undo.callback(_unlink, f"{directory}{name}")
    places = " ".join((*(f'"$HOME"/{place}' for place in (*_AT_HOME, *_CACHES)), *_TEMPORARY))
    each = f'for place in {places}; do DO "${{place}}{name}"; done 2>/dev/null'
    scene.play(f"mkdir -p {places} 2>/dev/null; {each.replace('DO', 'echo x >')}")
    said = scene.play(each.replace("DO", "ls"), flags=("--fresh",) if scene.paddock else ()).splitlines()
    home = scene.ground.home
    real = [f"{home}/{place}{name}" for place in (*_AT_HOME, *_CACHES)]
    found = [*(f"read {line}" for line in said), *(f"wrote {path}" for path in real if os.path.exists(path))]
    poison = [what for what in found if what.endswith(tuple(f"/{place}{name}" for place in _CACHES))]
    return {"LC-11 disposable": [what for what in found if what not in poison], "SC-08 cache-poison": poison}


def _unlink(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)
