"""Extra paths that the policy shows read-only."""

from __future__ import annotations

from paddock.errors import PolicyError, Refused
from paddock.plan.paths import expand, normal, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.view import View
    from paddock.policy.model import Policy, Text

_LOOKED_AT = 4096  # entries of a directory that are looked at for sockets


def show(policy: Policy, view: View) -> None:
    """Show every path of `read`. Raises PolicyError for a relative one, Refused for a credential location."""
    for entry in policy.read:
        _show(entry, view)


def _show(entry: Text, view: View) -> None:
    given = expand(entry.value, view.host.home)
    if not given.startswith("/") or "\0" in given:
        raise PolicyError(
            f"read = {entry.value!r} ({entry.origin}) is not an absolute path",
            why="the repository itself is visible anyway, and other paths must be plain to see",
            next_step="write the whole path, or begin it with ~/",
        )
    path = normal(given)
    final = view.final(path)
    reason = view.refusal(path, final.real)
    if reason:
        # INVARIANT CR-01: refused by name, also through links and from above; there is no switch for it.
        raise Refused(
            f"{path} cannot be read inside ({entry.origin})",
            why=reason,
            next_step="name the directories that are needed, without this one in them",
        )
    if _is_loop(path, view):
        view.notes.append(f"read: {path} leads round in a loop of symbolic links ({entry.origin})")
        return
    if final.kind in ("missing", "link"):
        view.notes.append(f"read: {path} does not exist ({entry.origin})")
        return
    if final.kind not in ("file", "dir") or (final.kind == "dir" and _has_socket(final.real, view)):
        raise Refused(
            f"{path} cannot be read inside ({entry.origin})",
            why="it is or holds a socket or a device: read-only mounts do not keep programs from connecting to it",
            next_step="name the files or directories beside it",
        )
    if within(final.real, view.repository):
        view.notes.append(f"read: {path} is in the workspace and visible anyway ({entry.origin})")
    view.reveal(path, entry.origin, quiet=False)


def _is_loop(path: str, view: View) -> bool:
    """Whether the path, or a directory on the way, is a link that comes back to itself."""
    parts = path.split("/")
    ways = ("/".join(parts[:count]) for count in range(2, len(parts) + 1))
    return any(view.final(way).kind == "link" for way in ways)


def _has_socket(directory: str, view: View) -> bool:
    names = view.host.listdir(directory)[:_LOOKED_AT]
    return any(view.host.look(f"{directory}/{name}").kind in ("socket", "other") for name in names)
