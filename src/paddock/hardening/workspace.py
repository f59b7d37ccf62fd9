"""The repository as the hardened container has it: the opened folder and nothing around it, `.git` and what decides
about dev containers out of reach.

Read-only parts of `.git` protect nothing: it can be renamed and another one put in its place, whose hooks run on the
host (measured with git 2.39). A mount point cannot be renamed, so all of `.git` is one: podman's overlay
(`:O`), in which commits work and of which nothing reaches the host, or read-only where that is not known to work.
"""

from __future__ import annotations

import os
import posixpath

from paddock.checking.facts import mounts as facts
from paddock.devcontainer.merging import DEFAULT
from paddock.devcontainer.mounts import of_text
from paddock.frozen import frozen, replace
from paddock.hardening.changes import breaks, change
from paddock.hardening.mounting import field, text_of, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.model import Mount
    from paddock.hardening.case import Case
    from paddock.hardening.changes import Change

FOLDER = "${localWorkspaceFolder}"
INSIDE = "/workspaces/${localWorkspaceFolderBasename}"
COMMITS = "commits from inside"  # where .git is read-only
_SANDBOXED = "runsc"  # gVisor drops podman's overlay mounts without a word


@frozen
class Placed:
    """Where the repository is. `mount` and `folder` are None where the file's own stay. `source` and `target` are
    those of what is mounted of the host, both empty where nothing is. `narrowed` says what was mounted before.
    """

    mount: str | None = None
    folder: str | None = None
    source: str = ""
    target: str = ""
    narrowed: Change | None = None


@frozen
class Guard:
    """One protection: a mount for `mounts`, or a run flag, and the change that it is."""

    mount: str
    flag: str
    target: str
    made: Change


def placed(case: Case) -> Placed:
    """The workspace mount. With compose it is the service's, which only its own file can change."""
    own = case.file
    said = own.node.get("workspaceMount")
    if case.composed:
        return Placed()
    if said is None or said.kind != "string":
        return _default(case)
    mount = of_text(str(said.value), DEFAULT)
    if not said.value:
        other = next((one for one in facts.every(case.effective) if facts.is_workspace(one, case.effective)), None)
        return _instead(case, other) if other else Placed()
    if mount.kind != "bind":
        return Placed()  # a volume or a tmpfs: nothing of the host
    source = posixpath.normpath((case.effective.workspace_mount or mount).source)
    path = facts.path_of(case.effective.workspace_mount or mount, case.effective)
    rule = "DC404" if facts.is_within(source, case.effective.repository) else "DC107"
    if facts.is_within(source, case.effective.folder) or case.kept(rule):
        carried = [one for one in mount.options if one[0] != "bind-propagation"]
        text = text_of(replace(mount, options=tuple(carried))) if len(carried) < len(mount.options) else None
        return Placed(text, None, mount.source, mount.target) if not path.parts else Placed(text)
    return _narrowed(case, mount, rule)


def _instead(case: Case, mount: Mount) -> Placed:
    node = case.file.node.at(*mount.origin.path)
    if node is None or mount.origin.path[:1] != ("mounts",):
        return Placed(None, None, facts.written(mount), mount.target)
    mount = written(node, mount)
    return Placed(None, None, mount.source, mount.target)


def _default(case: Case) -> Placed:
    """Nobody says it: the reference CLI mounts the root of the git repository."""
    effective, own = case.effective, case.file.workspace_folder
    whole = effective.folder == effective.repository
    if whole or case.kept("DC404"):
        up = "" if whole else "/" + os.path.relpath(effective.repository, effective.folder)
        source = FOLDER + up
        target = INSIDE if whole else f"/workspaces/{os.path.basename(effective.repository)}"
        inside = target if whole else posixpath.join(target, os.path.relpath(effective.folder, effective.repository))
        folder = None if own else inside
        return Placed(f"type=bind,{field('source', source)},{field('target', target)}", folder, source, target)
    made = change(case.rules["DC404"], "the opened folder is mounted, not the whole git repository around it")
    return Placed(f"type=bind,source={FOLDER},target={INSIDE}", INSIDE, FOLDER, INSIDE, made)


def _narrowed(case: Case, mount: Mount, rule: str) -> Placed:
    """A mount of what lies above or beside the opened folder."""
    own = case.file.workspace_folder
    folder = own.raw or own.value if own else ""
    below = folder.startswith(f"{mount.target.rstrip('/')}/")
    target = folder if below else posixpath.join(mount.target, "${localWorkspaceFolderBasename}")
    what = f"the opened folder is mounted, not {mount.source}"
    made = replace(change(case.rules[rule], what, mount.origin.where), breaks=breaks("DC404"))
    return Placed(f"type=bind,source={FOLDER},target={target}", target, FOLDER, target, made)


def guards(case: Case, where: Placed) -> tuple[Guard, ...]:
    """What protects the host from the repository's own parts."""
    if not where.target:
        return ()
    found = []
    opened = posixpath.normpath(where.source) == FOLDER
    git = case.git if opened else case.git_above
    if not case.kept("DC601"):
        found.append(_git(case, where, git))
    if not case.kept("DC509"):
        below = "" if opened else os.path.relpath(case.effective.folder, case.effective.repository)
        for name in (posixpath.normpath(posixpath.join(below, one)) for one in case.guarded):
            made = change(case.rules["DC509"], f"{name} is read-only")
            found.append(_read_only(where, name, made))
    return tuple(found)


def _git(case: Case, where: Placed, git: str) -> Guard:
    source, target = (posixpath.join(one, ".git") for one in (where.source, where.target))
    if not git:
        what = "no .git can be made in this folder, which has none (an empty folder of that name stays there)"
        made = replace(change(case.rules["DC601"], what), breaks="git init inside")
        return Guard(f"type=tmpfs,{field('target', target)},tmpfs-mode=0555,tmpfs-size=4096", "", target, made)
    runtimes = [flag.value or "" for flag in case.effective.run_flags if flag.name == "--runtime"]
    known = case.engine == "podman" and not any(_SANDBOXED in one for one in runtimes)
    if git == "folder" and known:
        what = "what is written to .git stays in the container (podman alone knows :O; for Docker: --engine docker)"
        return Guard("", f"--volume={source}:{target}:O", target, change(case.rules["DC601"], what))
    made = replace(change(case.rules["DC601"], ".git is read-only"), breaks=COMMITS)
    return _read_only(where, ".git", made)


def _read_only(where: Placed, name: str, made: Change) -> Guard:
    source, target = (posixpath.join(one, name) for one in (where.source, where.target))
    return Guard(f"type=bind,{field('source', source)},{field('target', target)},readonly", "", target, made)
