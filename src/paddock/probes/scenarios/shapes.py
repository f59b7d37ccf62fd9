"""What is dangerous whatever it says: set-id programs, pipes, links that lead out, names that terminals obey."""

from __future__ import annotations

import os
import stat

from paddock.probes.scenarios.scene import NotApplicable, scenario
from paddock.probes.scenarios.terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.probes.scenarios.scene import Finding, Findings, Scene

# Red, a title, a line that is taken back; and U+202E, which turns the direction of what follows.
_OBEYED = "\x1b[31m", "\x1b]0;title\x07", "\r", "\u202e"
_NAME = "name\x1b[31m\x1b]0;title\x07\r\u202etxt"
# One of each, made by whatever the sandbox has for it.
_PLANT = r"""
mkdir -p odd && cd odd || exit
cp /bin/true set-id && chmod 6755 set-id
mkfifo pipe
ln -s "$1" link-out
ln -s / link-to-root
python3 -c '
import os, socket
for step in (
    lambda: os.setxattr("set-id", b"user.paddock-probe", b"1"),
    lambda: socket.socket(socket.AF_UNIX).bind("socket"),
    lambda: os.mknod("device", 0o600 | 0o020000, os.makedev(1, 3)),
):
    try: step()
    except OSError: pass
'
printf 'words%s\n' "$2" > "$2"
printf 'words%s\n' "$2" > page.txt
echo x > ./-rf
"""
_QUIET = {"PADDOCK_PAGER": "", "NO_COLOR": "1"}


@scenario(
    "PE-23 set-id",
    "PE-23 special-files",
    "PE-23 extended-attributes",
    "PE-23 links-out",
    "PE-24 names-shown",
    "AP-05 content-shown",
)
def shapes(scene: Scene) -> Findings:
    """One session, one look at it on a terminal and in a pipe, one apply."""
    scene.play(f"({_PLANT}) 2>/dev/null", scene.ground.home, _NAME)
    shown: dict[str, Finding] = {"PE-24 names-shown": _names(scene), "AP-05 content-shown": _content(scene)}
    if scene.paddock:
        scene.ask("apply", "--yes")
    return {**_on_host(scene), **shown}


def _on_host(scene: Scene) -> dict[str, Sequence[str]]:
    found: dict[str, list[str]] = {
        name: [] for name in ("PE-23 set-id", "PE-23 special-files", "PE-23 extended-attributes", "PE-23 links-out")
    }
    for path, name in _below(f"{scene.ground.repo}/odd"):
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            found["PE-23 links-out"].append(f"wrote {name}")
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            found["PE-23 special-files"].append(f"wrote {name}")
        else:
            found["PE-23 set-id"] += [f"wrote {name}"] if mode & (stat.S_ISUID | stat.S_ISGID) else []
            found["PE-23 extended-attributes"] += [
                f"wrote {name}" for key in os.listxattr(path) if key == "user.paddock-probe"
            ]
    return {**found}


def _below(top: str) -> Iterator[tuple[str, str]]:
    for directory, directories, names in os.walk(top):
        yield from ((f"{directory}/{name}", name) for name in (*directories, *names))


def _names(scene: Scene) -> Finding:
    """Every command that shows names, as a program reads it. The control is a listing that shows them as they are."""
    if scene.bare:
        return _obeyed(scene.host("/bin/ls", "-N", "odd").stdout)
    if not scene.paddock:
        return NotApplicable("it lists no changes")
    said = b"".join(
        done.stdout + done.stderr for done in (scene.call("diff", "--stat"), scene.call("apply", "--dry-run"))
    )
    return _obeyed(said)


def _content(scene: Scene) -> Finding:
    """The whole difference on a terminal. The control is a pager that passes everything on."""
    if not (scene.paddock or scene.bare):
        return NotApplicable("it shows no changes")
    if scene.plan and scene.plan.workspace.mode != "review":
        return NotApplicable(f"nothing is reviewed in mode {scene.plan.workspace.mode}")
    command = ("/bin/cat", "odd/page.txt") if scene.bare else (*scene.paddock, "diff", "--color", "never", "odd")
    with Terminal(command, {**scene.ground.environ, **_QUIET}, scene.ground.repo) as shown:
        shown.finish()
        if b"words" not in shown.seen:
            return ["the content was not shown at all"]
        return _obeyed(shown.seen.replace(b"\r\n", b"\n"))


def _obeyed(said: bytes) -> list[str]:
    return [f"a terminal obeys {sign!r}" for sign in _OBEYED if sign.encode() in said]
