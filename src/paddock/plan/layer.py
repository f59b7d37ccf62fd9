"""An agent that is installed on this machine, for images that have none.

Its program is shown at a place of Paddock's own, which comes last on PATH: an agent in the image goes before it, and
nothing of the image is hidden, as its own /usr/local would be. What is shown is the least that can work elsewhere: one
native program, or a package of Node's with its neighbours and the interpreter for images without one.
"""

from __future__ import annotations

from paddock.plan.model import Link, Mount
from paddock.plan.paths import name, normal, within
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.host import Host
    from paddock.plan.view import View

PLACE = "/run/paddock/agent"
PROGRAMS = f"{PLACE}/bin"
_MODULES = "/node_modules/"
_NODE = "node"
_HEAD_BYTES = 512
_ORIGIN = Origin("machine", "command")
# Of version managers: such a program looks for the real one when it is started, by settings that stay outside.
_SHIMS = ("/shims/", "/.volta/bin/")


def show(command: str, view: View, host: Host) -> bool:
    """Show the agent that a command names, as the caller's PATH finds it. False where it stays outside.

    A note says why, where there is one that an image could not use.
    """
    found = _locate(command, view, host)
    if not found:
        return False
    real = view.final(found).real
    head = host.read_text(real, _HEAD_BYTES)
    before, _, inner = real.partition(_MODULES)
    source = f"{before}{_MODULES}"[:-1] if head.startswith("#!") else real
    reason = _unfit(found, real, head) or view.refusal(source, source)  # INVARIANT CR-01
    if reason:
        view.notes.append(f"{found} of this machine is not added to the image: {reason}")
        return False
    if source == real:
        view.mount(Mount(real, f"{PROGRAMS}/{command}", "read", _ORIGIN))
        return True
    view.mount(Mount(source, f"{PLACE}{_MODULES}"[:-1], "read", _ORIGIN))
    view.link(Link(f"{PROGRAMS}/{command}", f"..{_MODULES}{inner}", _ORIGIN))
    _interpret(view, host)
    return True


def _interpret(view: View, host: Host) -> None:
    """Show the interpreter of this machine, for images without one."""
    found = _locate(_NODE, view, host)
    real = view.final(found).real if found else ""
    if real and not _unfit(found, real, host.read_text(real, _HEAD_BYTES)) and not view.refusal(real, real):
        view.mount(Mount(real, f"{PROGRAMS}/{_NODE}", "read", _ORIGIN))


def _unfit(found: str, real: str, head: str) -> str:
    """Why a program would not work elsewhere, or nothing."""
    if any(part in place for part in _SHIMS for place in (found, real)):
        return "a version manager would look for it there; put the directory of the program itself before it on PATH"
    if within(real, "/nix/store"):
        return "it needs the rest of /nix/store; install it in the image"
    words = _interpreter(head) if head.startswith("#!") else []
    if words and not (_NODE in words and _MODULES in real):
        return f"it is a script of {' '.join(words)}; install it in the image"
    return ""


def _interpreter(head: str) -> list[str]:
    """The names of the program in a `#!` line and of what env(1) starts."""
    words = head[2:].partition("\n")[0].split()
    return [name(word) for word in words if not word.startswith("-") and "=" not in word]


def _locate(program: str, view: View, host: Host) -> str:
    """Where the caller's PATH finds a program, outside of the repository."""
    for entry in host.environ.get("PATH", "").split(":"):
        if not entry.startswith("/"):
            continue
        candidate = f"{normal(entry)}/{program}"
        final = view.final(candidate)
        if any(within(path, view.repository) for path in (candidate, final.real)):
            continue
        if final.kind == "file" and final.mode & 0o111:
            return candidate
    return ""
