"""A container as it is written down for an engine: words, files to mount, a skeleton of a root, and steps from outside.

`Sheet` knows what has to lie above a place, and where it is made: in the skeleton, by the engine, or from outside.
"""

from __future__ import annotations

import os

from paddock.boundary.steps import STAND_IN, Carry, Execute, Fill, MakeLink, Own, Reveal, Seal, is_system
from paddock.frozen import frozen
from paddock.plan.paths import ancestors, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.bubblewrap import Facts
    from paddock.boundary.steps import Step
    from paddock.plan.model import Link, Mount, Plan

HERE = "\0here"  # in the words: the container's own directory on the host; no path has a NUL
KEEPER = "/run/paddock-keeper"
# Directories in which everyone may write, and which are no person's own.
SHARED_MODES = {"/tmp": 0o1777, "/var/tmp": 0o1777, "/dev/shm": 0o1777}  # noqa: S108 - inside the sandbox
PLACE_BYTES = 4096  # of a file system that is nothing but a place for mounts


@frozen
class Placed:
    """A small file that is laid out on the host, where it belongs to whoever the person inside is there."""

    content: bytes
    mode: int = 0o444


@frozen
class Compiled:
    """All that a container is.

    `files` and `sources` are numbered: HERE/files/N is such a file, HERE/sources/N a link to such a path, which
    may hold bytes that an engine's words cannot. `root` is the skeleton where no image is used: directories with their
    modes, links, and files, from the top down.
    """

    arguments: tuple[str, ...]
    files: tuple[Placed, ...]
    sources: tuple[str, ...]
    root: tuple[tuple[str, int | str | bytes], ...]
    steps: tuple[Step, ...]
    person: tuple[int, int]  # inside


class Sheet:
    """What has been written down so far."""

    def __init__(self, plan: Plan, facts: Facts) -> None:
        self.facts = facts
        # Where the engine makes the places for mounts: there is no skeleton of ours.
        self.image = plan.image is not None or facts.docker
        # In the user namespace of the container; Docker of one's own has oneself as its root.
        self.person = STAND_IN if facts.as_root else 0 if facts.docker else plan.person.uid
        self.words: list[str] = []
        self.targets: set[str] = set()
        self.files: list[Placed] = []
        self.sources: list[str] = []
        self.root: dict[str, int | str | bytes] = {}
        self.private: list[str] = []
        self.mounted: list[str] = []
        self.owned: set[str] = set()
        self.steps: list[Step] = []
        self.links: list[MakeLink] = []

    def mount(self, **options: str) -> None:
        """One `--mount`, each part quoted as CSV (RFC 4180), where commas and quotation marks may be in a path."""
        self.targets.add(options["dst"])
        parts = (f"{key}={value}" if value else key for key, value in options.items())
        self.words += ["--mount", ",".join('"' + part.replace('"', '""') + '"' for part in parts)]

    def file(self, content: bytes, target: str, mode: int = 0o444) -> None:
        """A small file at its place: in the skeleton, or mounted over what is there already."""
        if not self.image and not self._under_mount(target):
            self.parents(target)
            self.root[target] = content
            return
        self.own_parents(target)
        self._small(target, Placed(content, mode))

    def bind(self, source: str, target: str, *, read_only: bool) -> None:
        """Make a host path visible: by the engine, or carried in where only root can reach it."""
        self.own_parents(target)
        self.parents(target)
        if source == target and source in self.facts.staged:
            self.place(source, target)
            self.steps.append(Reveal(target))
            return
        if self.facts.as_root and not is_system(source):
            self.place(source, target)
            self.steps.append(Carry(source, target, read_only))
        else:
            self.place(source, target, mounted=True)
            self.sources.append(source)
            self._bind_words(f"{HERE}/sources/{len(self.sources) - 1}", target, read_only=read_only)
            self.steps.append(Seal(target, read_only))
        self.mounted.append(target)

    def memory(self, target: str, size: int, mode: int = 0o755, *, filled: bool = False) -> None:
        """A private directory in memory, `filled` with what the image has there.

        It takes the mode of the directory that it covers (runc 1.1).
        """
        self.parents(target)
        if not self.image and not self._under_mount(target):
            self.root[target] = mode if mode & 0o1000 else 0o755
        if filled and not self.facts.docker:
            self.mount(type="tmpfs", dst=target, **{"tmpfs-size": str(size), "tmpfs-mode": f"{mode:o}"})
        else:
            self.empty(target, size, mode)
        if self.facts.docker:
            self.steps += [Execute(target), *([Fill(target, self.person)] if filled else [])]
        self.private.append(target)

    def empty(self, target: str, size: int, mode: int, *, read_only: bool = False) -> None:
        """A file system in memory, without what the engine would copy from the directory that it covers."""
        options = {"tmpfs-size": str(size), "tmpfs-mode": f"{mode:o}"}
        if not self.facts.docker:  # which never copies
            options["notmpcopyup"] = ""
        if read_only:
            options["ro"] = "true"
        self.mount(type="tmpfs", dst=target, **options)

    def _bind_words(self, source: str, target: str, *, read_only: bool) -> None:
        self.mount(type="bind", src=source, dst=target, ro="true" if read_only else "false")

    def _small(self, target: str, placed: Placed) -> None:
        self.files.append(placed)
        self._bind_words(f"{HERE}/files/{len(self.files) - 1}", target, read_only=True)
        if self.facts.docker:  # podman does that unasked
            self.steps.append(Seal(target, read_only=True))

    def place(self, source: str, target: str, *, mounted: bool = False) -> None:
        """The place for a mount. The engine makes it where it is below one of its own mounts, or in an image."""
        file = source in self.facts.files
        if not self.image and not self._under_mount(target):
            self.root.setdefault(target, b"" if file else 0o755)
        elif not mounted and file:
            self._small(target, Placed(b""))
        elif not mounted:
            self.empty(target, PLACE_BYTES, 0o755, read_only=True)

    def link(self, link: Link, mounts: tuple[Mount, ...]) -> None:
        """Make a link again: in the skeleton, or once what it lies in is mounted.

        An image's own root takes none: there, what it leads to is shown in its place.
        """
        if self._under_mount(link.target):
            self.links.append(MakeLink(link.target, link.to, self.person))
        elif self.image:
            to = os.path.normpath(os.path.join(os.path.dirname(link.target), link.to))
            for mount in (mount for mount in mounts if mount.access == "read" and within(to, mount.target)):
                self.bind(mount.source + to.removeprefix(mount.target), link.target, read_only=True)
                return
            self.links.append(MakeLink(link.target, link.to, self.person))
        else:
            self.parents(link.target)
            self.root[link.target] = link.to

    def parents(self, target: str) -> None:
        """Make the directories above a target, for everyone, where the skeleton is ours to make."""
        for path in ancestors(target):
            if not self.image and not self._under_mount(path):
                self.root.setdefault(path, 0o755)

    def own_parents(self, target: str) -> None:
        """Directories in the private home that the engine makes on the way to a mount, as its root."""
        for path in ancestors(target):
            inside = any(path != place and within(path, place) for place in self.private if place not in SHARED_MODES)
            if inside and path not in self.owned and path not in self.mounted:
                self.owned.add(path)
                self.steps.append(Own(path, self.person, 0o755))

    def _under_mount(self, path: str) -> bool:
        return any(within(path, place) for place in (*self.private, *self.mounted))
