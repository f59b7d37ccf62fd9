"""The workspace: which directories may be one, and which of its paths are masked."""

from __future__ import annotations

from paddock.errors import PolicyError, Refused
from paddock.plan.model import Mask, Workspace
from paddock.plan.paths import within
from paddock.plan.patterns import components, is_literal, matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.host import Host
    from paddock.plan.model import WorkspaceMode
    from paddock.plan.view import View
    from paddock.policy.model import Policy, Text

# The sandbox has its own of these, or the whole system would be the workspace.
_NEVER_BELOW = (
    "/usr", "/etc", "/proc", "/sys", "/dev", "/boot", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix",
)  # fmt: skip
_NEVER_ITSELF = ("/home", "/media", "/mnt", "/opt", "/run", "/srv", "/tmp", "/var", "/var/tmp")  # noqa: S108
_MODES: tuple[WorkspaceMode, ...] = ("review", "live", "readonly", "scratch")
_MASKS_AT_MOST = 1000  # each is a mount
_LISTED_AT_MOST = 4096  # directories that one pattern may look into


def resolve(policy: Policy, view: View) -> Workspace:
    """The workspace of a policy. Raises Refused or PolicyError."""
    check(view)
    wanted = policy.workspace_mode
    mode = next((mode for mode in _MODES if mode == wanted.value), None)
    if mode is None:
        raise PolicyError(f"no such workspace mode: {wanted.value!r} ({wanted.origin})", next_step=" | ".join(_MODES))
    return Workspace(view.repository, mode, masks(policy.mask, view), policy.workspace_mode.origin)


def check(view: View) -> None:
    """Refuse a directory that cannot be a workspace, or must not. `view.repository` is a real path."""
    path, host = view.repository, view.host
    if host.look(path).kind != "dir":
        raise Refused(f"{path} is not a directory", next_step="run paddock in the repository, or name it")
    reason = _taken(path, host) or view.refusal(path, path)
    if reason:
        raise Refused(
            f"{path} cannot be the workspace",
            why=reason,
            next_step="run paddock in a project's own directory, for example: mkdir ~/work && cd ~/work",
        )
    if not host.readable(path):
        raise Refused(f"{path} cannot be read", why="you may not list or enter it", next_step=f"ls -ld {path}")


def _taken(path: str, host: Host) -> str:
    homes = {host.home, host.look(host.home).real}
    if path in homes:
        return "it is your home directory: everything of yours would be the workspace"
    if any(within(home, path) for home in homes):
        return "it contains your home directory" if path != "/" else "it is the whole file system"
    if path in _NEVER_ITSELF:
        return "the sandbox has its own, and everyone's files lie there"
    if any(within(path, system) for system in _NEVER_BELOW):
        return "it belongs to the system, which the sandbox sees read-only"
    return ""


def masks(patterns: tuple[Text, ...], view: View) -> tuple[Mask, ...]:
    """What exists now and matches, in the order of the paths. O(1) in the size of the repository.

    A pattern of one name is looked for in the top directory; one with slashes is followed level by level.
    A link is not masked itself, nothing can be mounted on it: where it leads is, if that is inside.
    """
    found: dict[str, Mask] = {}
    for pattern in patterns:
        for path in _matching(pattern, view):
            entry = view.final(path)
            if entry.kind in ("missing", "link") or not within(entry.real, view.repository):
                continue
            if entry.real == view.repository:
                raise Refused(
                    f"mask {pattern.value!r} ({pattern.origin}) hides the whole repository",
                    why=f"{path} is a link to it",
                    next_step=f"remove the link or the pattern: ls -l {path}",
                )
            found.setdefault(entry.real, Mask(entry.real, entry.kind == "dir", pattern.origin))
            if len(found) > _MASKS_AT_MOST:
                raise Refused(
                    f"mask {pattern.value!r} ({pattern.origin}) matches more than {_MASKS_AT_MOST} files",
                    next_step="mask their directory instead",
                )
    directories = [path for path, mask in found.items() if mask.directory]
    return tuple(
        found[path]
        for path in sorted(found)
        if not any(path != directory and within(path, directory) for directory in directories)
    )


def _matching(pattern: Text, view: View) -> list[str]:
    """The paths that a pattern matches; links to directories inside the repository are followed."""
    *above, last = components(pattern, view.repository)
    directories, listed = [view.repository], 0
    for part in above:
        reached: list[str] = []
        for directory in directories:
            listed += 1
            entries = (view.final(f"{directory}/{name}") for name in _names(directory, part, view))
            reached += [entry.real for entry in entries if entry.kind == "dir" and within(entry.real, view.repository)]
        if listed + len(reached) > _LISTED_AT_MOST:
            raise Refused(
                f"mask {pattern.value!r} ({pattern.origin}) looks into more than {_LISTED_AT_MOST} directories",
                why="a start must not walk the whole repository",
                next_step="name the directories",
            )
        directories = list(dict.fromkeys(reached))
    return [f"{directory}/{name}" for directory in directories for name in _names(directory, last, view)]


def _names(directory: str, part: str, view: View) -> tuple[str, ...]:
    if is_literal(part):
        return (part,)
    return tuple(name for name in view.host.listdir(directory) if matches(name, part))
