"""The caller's terminal: nothing is typed into it from inside. What is shown on it is the program's own affair."""

from __future__ import annotations

from paddock.errors import PaddockError
from paddock.probes.inside.effects import Skipped
from paddock.probes.planting import terminal
from paddock.probes.scenarios.acting import words
from paddock.probes.scenarios.scene import scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.planting.terminal import Left
    from paddock.probes.scenarios.scene import Findings, Scene

_LEGACY = "/proc/sys/dev/tty/legacy_tiocsti"
_CLIPBOARD = b"\033]52;c;cGFkZG9jaw==\007"
_SEQUENCES = {
    "writes the clipboard (OSC 52)": _CLIPBOARD,
    "names another directory (OSC 7)": b"\033]7;file:///somewhere/else\007",
    "asks for the window's title, which comes back as if typed (CSI 21 t)": b"\033[21t",
    "sets the window's title (OSC 2)": b"\033]2;paddock probe\007",
}
_NOTHING = "/dev/null"
_LISTED = "these are all"


def _on_terminal(scene: Scene, *command: str, redirection: str = "") -> Left:
    return terminal.run(scene.under(command), scene.ground.environ, scene.ground.repo, redirection)


def _pushed(scene: Scene, redirection: str = "") -> list[str]:
    """The attacker says on a stream that may be redirected how it ended: the program's status counts."""
    # Without a sandbox root could type into the terminals of others: of this person, and of a probe beside it.
    push = ("push", "!", *(("own",) if scene.bare else ()))
    left = _on_terminal(scene, *words(scene, push), redirection=redirection)
    if left.status:
        raise PaddockError("nothing was tried", why=left.shown[-300:].decode(errors="replace"))
    return [f"{left.waiting} bytes wait in the terminal's input"] if left.waiting else []


def is_possible() -> bool:
    """Whether this kernel lets anybody type into a terminal; from 6.2 on it can be told to refuse that."""
    try:
        with open(_LEGACY, encoding="ascii") as file:
            return file.read().strip() == "1"
    except FileNotFoundError:
        return True


def _try() -> None:
    if not is_possible():
        raise Skipped("this kernel lets nobody type into a terminal (dev.tty.legacy_tiocsti)")


@scenario("PK-32 tiocsti")
def typing(scene: Scene) -> list[str]:
    """With all streams on the terminal."""
    _try()
    return _pushed(scene)


@scenario("PK-32 tiocsti-redirected")
def typing_beside(scene: Scene) -> list[str]:
    """The terminal is reached by its name as well, and by each stream that is left."""
    _try()
    redirections = (f"<{_NOTHING}", f">{_NOTHING}", f"<{_NOTHING} >{_NOTHING}")
    return [found for redirection in redirections for found in _pushed(scene, redirection)]


@scenario("PK-32 other-terminals", "PK-33 tty-escape-sequences")
def showing(scene: Scene) -> Findings:
    """Which terminals are there, and what of a program's words reaches the caller's own as it is.

    Programs with windows of their own need such sequences: Paddock filters nothing, and the report says so.
    """
    sequences = "".join(f"printf '{_octal(sequence)}'; " for sequence in _SEQUENCES.values())
    shown = _on_terminal(scene, "/bin/sh", "-c", f"ls /dev/pts 2>{_NOTHING}; echo {_LISTED}; {sequences}").shown
    names, listed, rest = shown.partition(_LISTED.encode())
    if not listed:
        raise PaddockError("nothing was shown", why=shown[-300:].decode(errors="replace"))
    return {
        # A pty file system of its own begins at 0, and holds the program's own terminal alone.
        "PK-32 other-terminals": [f"/dev/pts/{name.decode()}" for name in names.split() if name not in (b"0", b"ptmx")],
        "PK-33 tty-escape-sequences": [what for what, sequence in _SEQUENCES.items() if sequence in rest],
    }


def _octal(text: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in text)
