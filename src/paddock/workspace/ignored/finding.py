"""Which paths of a layer git ignores: the topmost ones, found by walking beside the repository.

What lies below an ignored directory is never asked for; of a `node_modules` of 20,000 files the walk reads a few
names at most. Git is asked in batches, breadth first. A path counts as ignored only where nothing that matters of the
host's could be hidden by it: it is ignored as the sandbox has it and as the host has it, and tracked neither itself
nor below.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from itertools import islice

from paddock.errors import PaddockError
from paddock.workspace import holding
from paddock.workspace.descent import DIRECTORY, PLACE, below, open_beneath, stat_in
from paddock.workspace.entries import is_whiteout
from paddock.workspace.ignored.rules import Rules
from paddock.workspace.ignored.watch import MOST, signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_BATCH, _LARGEST_BATCH = 256, 1 << 16


class Entry:
    """One name of the walked tree, beside what the host has there (None where it has nothing)."""

    __slots__ = ("host", "ignored", "over_host", "path", "place", "stat", "unknown")

    def __init__(self, place: Place, name: str, found: os.stat_result, host: os.stat_result | None) -> None:
        self.place = place
        self.path = below(place.path, name)
        self.stat = found
        self.host = host
        self.over_host = place.on_host  # whether all directories above are on the host
        self.ignored = False
        self.unknown = False  # git would not say

    @property
    def is_directory(self) -> bool:
        """Whether the layer has a directory there."""
        return stat.S_ISDIR(self.stat.st_mode)

    @property
    def is_whiteout(self) -> bool:
        """Whether the layer says that it is deleted."""
        return is_whiteout(self.stat)

    @property
    def over_directory(self) -> bool:
        """Whether the host has a directory there."""
        return self.host is not None and stat.S_ISDIR(self.host.st_mode)

    def forms(self) -> list[str]:
        """How git is asked for it: with a slash where it is, or hides, a directory."""
        if self.is_directory and self.host is not None and stat.S_ISLNK(self.host.st_mode):
            return []  # git would end at once: what it asks for is beyond a link
        kinds = set() if self.is_whiteout else {self.is_directory}
        if self.host is not None:
            kinds.add(self.over_directory)
        return [self.path + "/" * is_directory for is_directory in sorted(kinds or {False, True})]


class Place:
    """A directory to look at. `territory` is the nearest directory above with a repository of its own."""

    __slots__ = ("dropped", "on_host", "path", "territory")

    def __init__(self, path: str, territory: str, *, on_host: bool) -> None:
        self.path = path
        self.territory = territory
        self.on_host = on_host
        self.dropped = False  # found to be ignored, and of no further interest


class Search:
    """A walk over the layer `tree` (a descriptor, as is `lower`, the repository at the path `repository`)."""

    def __init__(self, tree: int, lower: int, repository: str, *, watching: bool = False) -> None:
        """`watching` notes in `sources` what the rules are read from."""
        self._watching = watching
        self._trees = (tree, lower)
        self._repository = repository
        self._rules: dict[str, Rules] = {}
        self.refused = False  # git does not speak about this repository at all
        self.sources: dict[str, str] = {}  # files and their signatures from before git was asked (`watch`)
        self._waiting = deque([Place("", "", on_host=True)])
        self._current: Place | None = None

    def entries(self) -> Iterator[Entry]:
        """Every entry that is not below an ignored one, ignored or not; directories before what is in them.

        Where git refuses (a repository of somebody else's), what is there is `unknown`.
        """
        stream = self._listed()
        size = _FIRST_BATCH
        while batch := list(islice(stream, size)):
            self._judge(batch)
            gone = {entry.path for entry in batch if entry.ignored}
            if gone:
                for place in (*self._waiting, *([self._current] if self._current else [])):
                    place.dropped = place.dropped or _is_below(place.path, gone, itself=True)
            yield from (entry for entry in batch if not _is_below(entry.path, gone, itself=False))
            size = min(size * 2, _LARGEST_BATCH)

    def _listed(self) -> Iterator[Entry]:
        while self._waiting:
            self._current = place = self._waiting.popleft()
            if not place.dropped:
                yield from self._look(place)
        self._current = None

    def _look(self, place: Place) -> Iterator[Entry]:
        tree, lower = self._trees
        try:
            here = open_beneath(tree, place.path, DIRECTORY)
        except OSError:
            return  # its mode keeps us out: the review tells about it
        host = -1
        try:
            host = open_beneath(lower, place.path, PLACE) if place.on_host else -1
            if host >= 0:
                self._watch(place, host)
                if place.path and stat_in(host, ".git") is not None:
                    place.territory = place.path
            for name in os.listdir(here):
                if place.dropped:
                    return
                found = stat_in(here, name)
                if found is None or holding.is_git(name) or self._is_too_long(place, name):
                    continue
                entry = Entry(place, name, found, stat_in(host, name) if host >= 0 else None)
                if entry.is_directory and (entry.host is None or entry.over_directory):
                    self._waiting.append(Place(entry.path, place.territory, on_host=entry.host is not None))
                yield entry
        except OSError:
            return  # the host is at work there: what it makes of the place shows at the next look
        finally:
            os.close(here)
            if host >= 0:
                os.close(host)

    def _is_too_long(self, place: Place, name: str) -> bool:
        return len(os.fsencode(place.path)) + len(os.fsencode(name)) >= holding.LONGEST_PATH

    def _judge(self, batch: list[Entry]) -> None:
        by_territory: dict[str, list[Entry]] = {}
        for entry in batch:
            by_territory.setdefault(entry.place.territory, []).append(entry)
        for territory, entries in by_territory.items():
            try:
                self._ask(territory, entries)
            except (PaddockError, OSError):
                self.refused = self.refused or not territory
                for entry in entries:
                    entry.ignored, entry.unknown = False, True

    def _ask(self, territory: str, entries: list[Entry]) -> None:
        rules = self._rules.get(territory)
        if rules is None:
            rules = self._rules[territory] = Rules(self._on_host(territory))
            if self._watching:
                self.sources.update({path: signature(path) for path in rules.sources()})
        cut = len(territory) + 1 if territory else 0
        ignored = rules.ignored([form[cut:] for entry in entries for form in entry.forms()])
        for entry in entries:
            matches = [form[cut:] in ignored for form in entry.forms()]
            # What a mark hides in another layer only, may have been of either kind.
            enough = any if entry.is_whiteout and entry.host is None else all
            entry.ignored = bool(matches) and enough(matches) and not rules.tracks(entry.path[cut:])

    def _on_host(self, path: str) -> str:
        return f"{self._repository}/{path}" if path else self._repository

    def _watch(self, place: Place, host: int) -> None:
        """Before git is asked: a file that changes in between is looked at again then."""
        if self._watching and len(self.sources) < MOST:
            self.sources[self._on_host(below(place.path, ".gitignore"))] = signature(".gitignore", host)


def _is_below(path: str, tops: set[str], *, itself: bool) -> bool:
    if itself and path in tops:
        return True
    while tops and "/" in path:
        path = path.rpartition("/")[0]
        if path in tops:
            return True
    return False
