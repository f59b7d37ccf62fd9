"""Attack a sandbox as it would be made here: the policy of this directory, on a made-up person's machine.

The sandbox is started as anybody would start it, by `paddock run` as a program of its own or by the command line of
another sandbox; what is judged is what came out, not what was called.
"""

from __future__ import annotations

import os
import sys
import time

from paddock import __version__, state
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.probes.attacking import Target
    from paddock.probes.planting.ground import Ground
    from paddock.probes.proof import Proof, Subject
    from paddock.sources import Document

_PADDOCK = (sys.executable, "-I", "-m", "paddock")
_GROUNDS = "grounds"


@frozen
class Wanted:
    """What to attack, and with which probes. `against` is a shell's command line, which takes the place of Paddock's.

    `policy` is a file that is used instead of the repository's.
    """

    boundary: str = ""
    against: str = ""
    policy: str = ""
    only: tuple[str, ...] = ()


def prove(directory: str, wanted: Wanted, environ: Mapping[str, str] = os.environ) -> Proof:
    """Attack and judge. Raises PaddockError where nothing can be started at all."""
    import tempfile

    from paddock.probes.attacking import attack
    from paddock.probes.catalogue import reading
    from paddock.probes.proof import Proof

    probes = reading.choose(reading.load(), wanted.only)
    begun, clock = time.time(), time.monotonic()
    aim = _Other(wanted.against) if wanted.against else _Own(directory, wanted, environ)
    base = tempfile.mkdtemp(dir=_above(environ))
    try:
        judged = attack(probes, base, aim.policy, aim)
    finally:
        _remove(base)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun))
    seconds = round(time.monotonic() - clock, 3)
    return Proof(aim.subject, stamp, seconds, judged.rows, {}, judged.complete, judged.trouble)


def _above(environ: Mapping[str, str]) -> str:
    """Where grounds are made. Not below /tmp: a sandbox with a /tmp of its own would hold for that reason alone."""
    # Nor in the administrator's home or below our own state, where no workspace may be.
    caches = "/var/cache" if os.geteuid() == 0 else environ.get("XDG_CACHE_HOME", f"{state.home(environ)}/.cache")
    os.makedirs(caches, exist_ok=True)
    return state.make_private(f"{caches}/paddock-{_GROUNDS}")


class _Other:
    """Another sandbox: the words before a command, as a person would type them. `$PWD` and `$HOME` are the ground's."""

    policy = b""

    def __init__(self, words: str) -> None:
        self._words = words
        self.subject = _subject(against=words)

    def __call__(self, ground: Ground) -> Target:  # noqa: ARG002 - the same on every ground
        from paddock.probes.attacking import Target

        return Target(("/bin/sh", "-c", f'exec {self._words} "$@"', "sh"))


class _Own:
    """A sandbox of ours: the policy of a directory, put on each ground as it is here."""

    def __init__(self, directory: str, wanted: Wanted, environ: Mapping[str, str]) -> None:
        from paddock import planning, sources, trust

        repository = planning.find_repository(planning.real_directory(directory), state.home(environ))
        found, _ = sources.read_sources(repository, environ)
        if wanted.policy:
            found = (*(it for it in found if it.kind != "repository"), sources.read_file(wanted.policy, "repository"))
        self.policy = b"\n".join(document.raw for document in found if document.kind == "person")
        self._documents = [document for document in found if document.kind == "repository"]
        self._trusted = [it for it in self._documents if wanted.policy or trust.is_trusted(it, environ)]
        self._boundary = wanted.boundary
        self.subject = _subject(boundary=wanted.boundary)  # known better once there is a plan

    def __call__(self, ground: Ground) -> Target:
        from paddock import outlook, planning
        from paddock.plan.hashing import plan_hash
        from paddock.policy.flags import flags_layer
        from paddock.probes.attacking import Target

        for document in self._documents:
            self._take(document, ground)
        words = ("--boundary", self._boundary, "--minimum", self._boundary) if self._boundary else ()
        given = {"boundary": self._boundary, "minimum": self._boundary} if self._boundary else {}
        layer = flags_layer(given) if given else None
        plan = planning.make_plan(
            ground.repo, ("/bin/sh",), layer, terminal=False, environ=ground.environ, create=False
        )
        here = outlook.look(plan)
        gaps = tuple(gap.name for gap in here.gaps if gap.acceptable)
        self.subject = _subject(boundary=here.boundary, plan_hash=plan_hash(plan), gaps=gaps)
        accepted = [word for gap in gaps for word in ("--accept", gap)]
        prefix = (*_PADDOCK, "run", "--quiet", *words, *accepted, "--")
        return Target(prefix, _PADDOCK, plan, gaps)

    def _take(self, document: Document, ground: Ground) -> None:
        """The repository's policy file, trusted there if it is here."""
        from paddock import sources, trust

        path = f"{ground.repo}/{document.where if not os.path.isabs(document.where) else sources.REPOSITORY_FILE}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(document.raw)
        if document in self._trusted:
            trust.trust(sources.read_file(path, "repository"), ground.environ)


def _subject(*, boundary: str = "", against: str = "", plan_hash: str = "", gaps: tuple[str, ...] = ()) -> Subject:
    import platform

    from paddock.probes.pack import pack, version
    from paddock.probes.proof import Subject

    return Subject(
        boundary,
        against,
        "",
        plan_hash,
        gaps,
        __version__,
        version(pack()),
        {"python": platform.python_version()},
        os.uname().release,
        os.uname().machine,
        "root" if os.geteuid() == 0 else "an ordinary user",
    )


def _remove(base: str) -> None:
    """A ground with all that the probes left in it, whatever modes that has."""
    import shutil

    for directory, _, _ in os.walk(base):
        os.chmod(directory, 0o700)
    shutil.rmtree(base, ignore_errors=True)
