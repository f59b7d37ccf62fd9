"""Worktrees and submodules: `.git` is a file, and what git needs lies elsewhere.

That file is the repository's own and may name any directory, so its word is not enough: the directory
must point back, in the way that only git (or somebody who can write there already) sets up.

* worktree   `COMMON/worktrees/NAME`, whose file `gitdir` holds the path of our `.git` file; shown is COMMON
* submodule  `….git/modules/…`, whose `config` says `worktree =` our repository; shown is that directory

Where the workspace is copy-on-write, so is that directory: commits go to a layer of the change set. Elsewhere it is
read-only.

Both must lie outside the repository: inside it everything, back-links too, could be made up, and could name
a COMMON of the agent's choice. gitrepository-layout(5), git-worktree(1).
"""

from __future__ import annotations

from paddock.plan.model import Mount
from paddock.plan.paths import name, normal, parent, within
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.host import Host
    from paddock.plan.model import WorkspaceMode
    from paddock.plan.view import View

ORIGIN = Origin("machine", ".git")
_POINTER_BYTES = 4200  # a path and a few words
_CONFIG_BYTES = 1 << 18
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}


def show(view: View, mode: WorkspaceMode) -> None:
    """Make the directory that `.git` points to visible, if it is provably this repository's."""
    host, pointer = view.host, f"{view.repository}/.git"
    kind = host.look(pointer).kind
    if kind == "link":
        if not within(host.look(pointer).real, view.repository):
            view.notes.append(f"{pointer} is a link to a place that is not shown: git does not work inside")
        return
    if kind != "file":
        return
    named = _pointer(host, pointer, view.repository)
    directory = host.look(named).real if named else ""
    if directory and within(directory, view.repository):
        return
    common = _worktree(host, directory, pointer) if directory else ""
    owner = common or (_submodule(host, directory, view.repository) if directory else "")
    if not owner:
        view.notes.append(f"{pointer} names a directory that does not point back: git does not work inside")
    elif not view.reveal(owner, ORIGIN):
        view.notes.append(f"{pointer} names {owner}, which may not be shown: git does not work inside")
    elif mode in ("review", "scratch"):
        view.mount(Mount(owner, owner, "copy", ORIGIN))
    else:
        what = f"worktree of {parent(owner)}" if common else "submodule"
        view.notes.append(f"git can read but not commit here: this is a {what}, and {owner} is read-only inside")


def _pointer(host: Host, file: str, base: str) -> str:
    text = host.read_text(file, _POINTER_BYTES)
    path = text.removeprefix("gitdir: ").rstrip("\r\n")
    if path == text or not path or "\0" in path:
        return ""
    return path if path.startswith("/") else f"{base}/{path}"


def _worktree(host: Host, directory: str, pointer: str) -> str:
    common = parent(parent(directory))
    back = host.read_text(f"{directory}/gitdir", _POINTER_BYTES).rstrip("\r\n")
    if name(parent(directory)) != "worktrees" or not back:
        return ""
    # Relative since git 2.48 with worktree.useRelativePaths.
    back = normal(back if back.startswith("/") else f"{directory}/{back}")
    same = host.look(parent(back)).real == parent(pointer) and name(back) == ".git"
    return common if same and _is_repository(host, common) else ""


def _submodule(host: Host, directory: str, repository: str) -> str:
    if "/modules/" not in directory or not _is_repository(host, directory):
        return ""
    for line in host.read_text(f"{directory}/config", _CONFIG_BYTES).split("\n"):
        key, equals, value = line.partition("=")
        if equals and key.strip().lower() == "worktree":
            place = _unquoted(value.strip())
            place = place if place.startswith("/") else f"{directory}/{place}"
            return directory if host.look(place).real == repository else ""
    return ""


def _unquoted(value: str) -> str:
    """A value as `git config` writes it: backslash and quote always escaped, quotes around it where it has to be."""
    found, escaped = "", False
    for character in value:
        if escaped or character not in '"\\':
            found += _ESCAPES.get(character, character) if escaped else character
            escaped = False
        else:
            escaped = character == "\\"
    return found


def _is_repository(host: Host, path: str) -> bool:
    return (
        host.look(f"{path}/HEAD").kind == "file"
        and host.look(f"{path}/config").kind == "file"
        and host.look(f"{path}/objects").kind == "dir"
        and host.look(f"{path}/refs").kind == "dir"
    )
