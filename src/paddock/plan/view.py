"""What of the host becomes visible inside: the one door that every read-only mount goes through.

A path is shown at its *real* place, and each symbolic link on the way to it is made again inside. So
nothing is ever mounted onto a link, `/bin` → `usr/bin` is no special case, and a link that somebody turns
elsewhere later changes nothing.

INVARIANT CR-01: no mount leaves `reveal` whose lexical or real path is a credential location, lies in one
or contains one. Whatever is named, by PATH, by a variable or by the policy, is judged here.
"""

from __future__ import annotations

from paddock.plan.model import Link, Mount
from paddock.plan.paths import normal, within
from paddock.plan.places import Places
from paddock.policy import credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.host import Entry, Host
    from paddock.policy.model import Origin

_LINKS_AT_MOST = 40  # as the kernel: path_resolution(7)
# Directories of a home whose entries dot-file managers turn into links; credentials may lie behind them.
_HOME_DIRECTORIES = ("", "/.config", "/.local", "/.local/share", "/.local/state", "/.cache")


class View:
    """The mounts and links so far."""

    def __init__(self, host: Host, repository: str) -> None:
        self.host = host
        self.repository = repository
        self.notes: list[str] = []
        self._mounts: dict[str, Mount] = {}
        self._links: dict[str, Link] = {}
        self._places: Places | None = None
        self._known: tuple[credentials.Location, ...] = ()  # with the reasons, once somebody has to be told

    # -- judging -----------------------------------------------------------------------------------

    def refusal(self, path: str, real: str) -> str | None:
        """Why a path must not be shown, or None. Paddock's own state counts as a credential."""
        for candidate in (path, real):
            if within(self.host.state, candidate) or within(candidate, self.host.state):
                return f"Paddock's own state is at {self.host.state}"
        if self._places is None:
            self._places = self._index()
        if not self._places.touches(path) and not self._places.touches(real):
            return None
        if not self._known:
            self._known = credentials.locations(self.host.home, self.host.environ)
        return credentials.refusal(path, real, self.host.home, self._known)

    def _index(self) -> Places:
        home = self.host.home
        linked = [
            f"{home}{directory}/{name}"
            for directory in _HOME_DIRECTORIES
            for name in self.host.linked(home + directory)
        ]
        moved = self.host.look(home).real != home
        if not linked and not moved:
            return Places(credentials.places(home, self.host.environ))

        def lead(path: str) -> str:
            if (moved and within(path, home)) or any(within(path, link) for link in linked):
                return self.host.look(path).real
            return path

        self._known = credentials.locations(home, self.host.environ, lead)
        return Places(place.path for place in self._known)

    # -- showing -----------------------------------------------------------------------------------

    def final(self, path: str) -> Entry:
        """What is at the end of all links of `path`."""
        entry = self.host.look(path)
        return self.host.look(entry.real) if entry.kind == "link" else entry

    def shows(self, path: str) -> bool:
        """Whether a real path is visible already."""
        return within(path, self.repository) or any(within(path, target) for target in self._mounts)

    def reveal(self, path: str, origin: Origin, *, quiet: bool = True) -> bool:
        """Show a host path read-only at its own place. False when it is missing or refused.

        Refusals leave a note unless `quiet`.
        """
        path = normal(path)
        final = self.final(path)
        if final.kind not in ("file", "dir"):
            if not quiet:
                self.notes.append(f"{path} is not shown: {_what(final.kind)}")
            return False
        reason = self.refusal(path, final.real)
        if reason:
            if not quiet:
                self.notes.append(f"{path} is not shown: {reason}")
            return False
        self.route(path, origin)
        if not self.shows(final.real):
            self.mount(Mount(final.real, final.real, "read", origin))
        return True

    def mount(self, mount: Mount) -> None:
        """Add a mount that was judged elsewhere: the system's own directories, an agent's state."""
        self._mounts[mount.target] = mount

    def link(self, link: Link) -> None:
        """Add a link of the minimal root."""
        self._links[link.target] = link

    def route(self, path: str, origin: Origin) -> None:
        """Make the links again that lie on the way along `path`, as far as they are not shown already."""
        done: list[str] = []
        todo = path.split("/")[1:]
        for _ in range(_LINKS_AT_MOST):
            while todo:
                part = todo.pop(0)
                if part in ("", "."):
                    continue
                if part == "..":
                    del done[-1:]
                    continue
                here = "/" + "/".join([*done, part])
                entry = self.host.look(here)
                if entry.kind == "link":
                    self._links.setdefault(here, Link(here, entry.target, origin))
                    todo = entry.target.split("/") + todo
                    if entry.target.startswith("/"):
                        done = []
                    break
                done.append(part)
            else:
                return

    # -- the result --------------------------------------------------------------------------------

    def mounts(self) -> tuple[Mount, ...]:
        """All mounts, parents first, without those that a parent shows anyway."""
        kept: list[Mount] = []
        for target in sorted(self._mounts):
            mount = self._mounts[target]
            above = [other for other in kept if within(target, other.target)]
            same = mount.source == target and mount.access == "read"
            if not (same and above and above[-1].source == above[-1].target and above[-1].access == "read"):
                kept.append(mount)
        return tuple(kept)

    def links(self) -> tuple[Link, ...]:
        """All links that no mount shows anyway and that are not in the repository."""
        return tuple(self._links[target] for target in sorted(self._links) if not self.shows(target))


def _what(kind: str) -> str:
    if kind in ("missing", "link"):
        return "nothing is there"
    return "a socket reaches a program outside" if kind == "socket" else "it is neither a file nor a directory"
