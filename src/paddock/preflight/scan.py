"""One scan of a repository: walk, look into what is new, remember.

The second scan of an unchanged tree costs one walk. Time and memory are bounded: so many files, so many bytes of
each, and where `time_s` is over the rest is put off to the next scan.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from paddock import state
from paddock.errors import WorkspaceError
from paddock.preflight import cache, detector, names, place
from paddock.preflight.findings import Collection, Finding, Report
from paddock.preflight.reading import LARGEST_BYTES, Unread, read
from paddock.preflight.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from paddock.preflight.cache import Seen
    from paddock.preflight.detector import Detector, Item
    from paddock.preflight.walk import File

    Tick = Callable[[int, int], None]

BY_NAME = "by its name"
_TOO_LARGE = f"larger than {LARGEST_BYTES >> 20} MiB"
_MOST_REMEMBERED = 1_000_000


def scan(
    repository: str,
    *,
    time_s: float = float("inf"),
    anew: bool = False,
    tick: Tick = lambda _, __: None,
    environ: Mapping[str, str] = os.environ,
) -> Report:
    """Scan the real path `repository`. `anew` forgets what earlier scans learnt.

    `tick` gets the numbers of files met and of files looked into, again and again. What was learnt until
    KeyboardInterrupt is kept. Raises WorkspaceError, or PaddockError where the state cannot be written.
    """
    try:
        root = os.open(repository, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise WorkspaceError(f"{repository} cannot be scanned", why=error.strerror or str(error)) from None
    try:
        directory = place.make(repository, environ)
        rules = state.make_private(f"{place.base(environ)}/{_RULES}")
        one = _Scan(root, repository, time.monotonic() + time_s, tick)
        return one.run(_Memory(directory, detector.version(), anew=anew), rules)
    finally:
        os.close(root)


_RULES = "%rules"  # not the key of any repository: in those, two hexadecimal digits follow the %


class _Memory:
    """What earlier scans learnt, and this one."""

    def __init__(self, directory: str, version: str, *, anew: bool) -> None:
        self.version = version
        self._directory = directory
        self._known = {} if anew else cache.load(directory, version)
        self._now: dict[bytes, Seen] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def recall(self, identity: bytes) -> Seen | None:
        seen = self._known.get(identity)
        if seen is not None:
            self._now[identity] = seen
        return seen

    def learn(self, identity: bytes, seen: Seen) -> None:
        self._now[identity] = seen

    def keep(self, *, complete: bool) -> None:
        """Forget the files that are gone, unless the scan did not come to all of them."""
        kept = self._now if complete else {**self._known, **self._now}
        if self.version and len(kept) <= _MOST_REMEMBERED:
            with suppress(OSError):  # the next scan takes longer
                cache.save(self._directory, self.version, kept)


class _Scan:
    def __init__(self, root: int, repository: str, deadline: float, tick: Tick) -> None:
        self.root, self.repository, self.deadline, self.tick = root, repository, deadline, tick
        self.collection = Collection()
        self.looked_into = 0
        self.put_off = 0  # files that there was no time for
        self.passed_over: dict[str, list[str]] = {}  # paths by the reason why they were not looked into
        self.notes: list[str] = []

    def run(self, memory: _Memory, rules: str) -> Report:
        tree = Walk(self.root, self.repository, self.collection, deadline=self.deadline)
        process = None
        try:
            if memory.version and not memory:
                process = detector.Detector(rules, self.deadline)  # it gets ready during the walk
            tree.run(lambda files: self.tick(files, 0))
            fresh = self._sorted_out(tree.files, memory)
            if not memory.version:
                self.notes.append("no secrets were looked for: kingfisher-secret-scanner is not installed")
            elif fresh:
                process = process or detector.Detector(rules, self.deadline)
                self._look_into(fresh, process, memory)
        finally:
            if process:
                process.close()
            memory.keep(complete=tree.complete and not self.put_off)
        return self._report(tree)

    def _report(self, tree: Walk) -> Report:
        if self.put_off:
            self.notes.append(f"not looked into yet: {self.put_off} files")
        for reason, paths in self.passed_over.items():
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            self.notes.append(f"not looked into, {reason}: {paths[0]}{more}")
        return Report(
            self.repository,
            self.collection.findings(),
            self.collection.counts(),
            len(tree.files),
            self.looked_into,
            (*self.notes, *tree.notes),
            complete=tree.complete and not self.put_off,
        )

    def _sorted_out(self, files: list[File], memory: _Memory) -> list[str]:
        """Tell what is known; the paths of what is not, likely places first."""
        fresh: list[str] = []
        for path, identity, size in files:
            seen = memory.recall(identity)
            if names.holds_secrets(path.rpartition("/")[2]) and size and not names.in_package(path):
                self.collection.add(Finding("secret-file", path, detail=BY_NAME))
            if seen is not None:
                self._tell(path, seen)
            elif size > LARGEST_BYTES:
                self._pass_over(_TOO_LARGE, path)
            elif size:
                fresh.append(path)
        fresh.sort(key=names.urgency)
        return fresh

    def _look_into(self, fresh: list[str], process: Detector, memory: _Memory) -> None:
        settled: set[bytes] = set()
        self.put_off = len(fresh)
        try:
            for path in fresh:
                if time.monotonic() > self.deadline:
                    break
                try:
                    content = read(self.root, path)
                except Unread as error:
                    self._pass_over(str(error), path)
                    self.put_off -= 1
                    continue
                if content.settled:
                    settled.add(content.identity)
                if content.binary:
                    self._take([(detector.Item(content.identity, path, b""), cache.BINARY)], settled, memory)
                else:
                    self._take(process.look(detector.Item(content.identity, path, content.data)), settled, memory)
                self.tick(len(fresh), len(fresh) - self.put_off)
            self._take(process.rest(), settled, memory)
        except detector.OutOfTime:
            return
        except detector.Unavailable as error:
            self.notes.append(f"secrets were not looked for everywhere: {error}")

    def _take(self, answers: Iterable[tuple[Item, Seen | None]], settled: set[bytes], memory: _Memory) -> None:
        for item, seen in answers:
            self.put_off -= 1
            if seen is None:
                self._pass_over("too much for the detector", item.path)
                continue
            self.looked_into += 1
            self._tell(item.path, seen)
            if item.key in settled:
                memory.learn(item.key, seen)

    def _tell(self, path: str, seen: Seen) -> None:
        if seen.binary:
            self._pass_over("no text", path)
        for secret in seen.secrets:
            self.collection.add(Finding("secret", path, secret.line, secret.rule, secret.length, secret.certainty))

    def _pass_over(self, reason: str, path: str) -> None:
        self.passed_over.setdefault(reason, []).append(path)
