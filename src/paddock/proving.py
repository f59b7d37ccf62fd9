"""Attack a sandbox as it would be made here: the policy of this directory, on a made-up person's machine.

The sandbox is started as anybody would start it, by `paddock run` as a program of its own or by the command line of
another sandbox; what is judged is what came out, not what was called.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from paddock import __version__, state
from paddock.boundary import engine
from paddock.errors import PaddockError
from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.plan.model import Plan
    from paddock.probes.attacking import Target
    from paddock.probes.planting.ground import Ground
    from paddock.probes.proof import Proof, Subject
    from paddock.sources import Document

# As the script that is installed: without the modules that -m brings along.
_PADDOCK = (sys.executable, "-I", f"{os.path.dirname(__file__)}/__main__.py")
_GROUNDS = "grounds"
# Without a copy of the workspace, the nearest to what a person would run instead.
_REVIEW, _LIVE = "workspace-review", 'workspace.mode = "live", since this boundary has no other to write in'
_ADDED = "one rule, for a service of the made-up person's machine"


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
    from paddock.kernel.files import spread_below
    from paddock.probes.attacking import attack
    from paddock.probes.catalogue import reading
    from paddock.probes.planting.place import Place
    from paddock.probes.proof import Proof

    probes = reading.choose(reading.load(), wanted.only)
    begun, clock = time.time(), time.monotonic()
    aim = _Other(wanted.against) if wanted.against else _Own(directory, wanted, environ)
    above = _above(environ)
    os.makedirs(os.path.dirname(above), exist_ok=True)
    # Without a journal ext4 looks past each inode that was just given up: a second proof in the same region of the
    # disk takes a third longer than the first.
    spread_below(state.make_private(above))
    with Place(above) as base:
        judged = attack(probes, base, aim.policy, aim)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun))
    seconds = round(time.monotonic() - clock, 3)
    return Proof(aim.subject, stamp, seconds, judged.rows, judged.facts, judged.complete, judged.trouble)


def _above(environ: Mapping[str, str]) -> str:
    """Where grounds are made. Not below /tmp: a sandbox with a /tmp of its own would hold for that reason alone."""
    # Nor in the administrator's home or below our own state, where no workspace may be.
    caches = "/var/cache" if os.geteuid() == 0 else environ.get("XDG_CACHE_HOME", f"{state.home(environ)}/.cache")
    return f"{caches}/paddock-{_GROUNDS}"


def clean(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Remove what killed proofs left; what that was, in words."""
    from paddock.probes.planting import place

    return [f"ground of a proof {path}" for path in place.sweep(_above(environ))]


def left_over(environ: Mapping[str, str] = os.environ) -> list[str]:
    """What `clean` would remove."""
    from paddock.probes.planting import place

    return [f"ground of a proof {path}" for path in place.abandoned(_above(environ))]


@frozen
class _Told:
    """The flags of a run, the plan that they lead to, and what is then attacked."""

    flags: Mapping[str, Sequence[str]]
    plan: Plan
    subject: Subject


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

        self._environ = environ
        repository = planning.find_repository(planning.real_directory(directory), state.home(environ))
        found, _ = sources.read_sources(repository, environ)
        if wanted.policy:
            # As if it lay in the repository: relative paths count from there.
            file = replace(
                sources.read_file(wanted.policy, "repository"), path=f"{repository}/{sources.REPOSITORY_FILE}"
            )
            found = (*(it for it in found if it.kind != "repository"), file)
        self.policy = b"\n".join(document.raw for document in found if document.kind == "person")
        self._documents = [document for document in found if document.kind == "repository"]
        self._trusted = [it for it in self._documents if wanted.policy or trust.is_trusted(it, environ)]
        self._boundary = wanted.boundary
        self._repository = repository
        gathered = sources.gathered(found, (), repository, environ)
        trusted = bool(wanted.policy) or gathered.is_trusted(environ)
        self._policy_hash = planning.policy_hash(gathered, repository, trusted=trusted, environ=environ)
        self.subject = _subject(boundary=wanted.boundary)  # known better once there is a plan
        # Grounds with files only differ in their place alone: one of them is looked at for all.
        self._looking = threading.Lock()
        self._alike: _Told | None = None

    def __call__(self, ground: Ground) -> Target:
        from paddock.probes.attacking import Target

        ground.engine = engine.handed_on(self._environ)
        for document in self._documents:
            self._take(document, document.raw, ground)
        with self._looking:
            told = self._alike if ground.bare and self._alike else self._look(ground)
            if ground.bare:
                self._alike = told
        if told.plan.network.published:
            self._unpublish(ground)
        if not ground.bare:  # there is one that is not, and the runs on the others are beside it
            self.subject = told.subject
        if told.plan.proving.within_s:
            proven = _plan(ground, told.flags).proving.policy_hash
            _vouch(replace(told.subject, policy_hash=proven), ground)
        flags = {**told.flags, "accept": told.subject.gaps}
        words = [word for flag, texts in flags.items() for text in texts for word in (f"--{flag}", text)]
        ports = ground.given.get("ports", {})
        return Target((*_PADDOCK, "run", "--quiet", *words, "--"), _PADDOCK, told.plan, told.subject.gaps, ports)

    def _look(self, ground: Ground) -> _Told:
        """What a run on this ground is told, and what it promises then. Raises what the run would."""
        from paddock import outlook
        from paddock.boundary import choice
        from paddock.plan.hashing import plan_hash

        flags: Mapping[str, Sequence[str]] = dict.fromkeys(
            ("boundary", "minimum") if self._boundary else (), (self._boundary,)
        )
        plan = _plan(ground, flags)
        here = outlook.look(plan)
        hash_of_plan, added = plan_hash(plan), ""
        if any(gap.name == _REVIEW for gap in here.gaps):
            flags, added = {**flags, "workspace": ("live",)}, _LIVE
            plan = _plan(ground, flags)
            here = outlook.look(plan)
        gaps = tuple(gap.name for gap in here.gaps if gap.acceptable)
        choice.refuse_gaps(here.gaps, gaps, here.boundary)  # as a run would be: those that nobody can accept
        if plan.network.mode == "allow":
            plan, allowed = _with_service(ground, plan, flags)
            flags, added = {**flags, **allowed}, _ADDED if allowed else added
        subject = _subject(
            boundary=here.boundary, policy_hash=self._policy_hash, plan_hash=hash_of_plan, gaps=gaps, added=added
        )
        return _Told(flags, plan, subject)

    def _unpublish(self, ground: Ground) -> None:
        """A port of this machine leads to one run at a time, and those of a proof go on side by side.

        The probe that is about published ports publishes them itself.
        """
        for document in self._documents:
            self._take(document, without_published(document.raw), ground)
        person = f"{ground.environ['XDG_CONFIG_HOME']}/paddock/policy.toml"
        with open(person, "rb+") as file:
            kept = without_published(file.read())
            file.seek(0)
            file.truncate()
            file.write(kept)

    def _take(self, document: Document, raw: bytes, ground: Ground) -> None:
        """The repository's policy file, trusted there if it is here."""
        from paddock import sources, trust

        place = os.path.relpath(document.path, self._repository)
        path = f"{ground.repo}/{sources.REPOSITORY_FILE if place.startswith('../') else place}"  # a link may lead out
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(raw)
        if document in self._trusted:
            trust.trust(sources.read_file(path, "repository"), ground.environ)


def without_published(raw: bytes) -> bytes:
    """A policy file without `publish` in [network], all else in its place; as it is where that cannot be told."""
    import re
    import tomllib

    text = raw.decode("utf-8", "surrogateescape")
    cut = re.sub(r"(?m)^[ \t]*publish[ \t]*=[ \t]*\[[^\]]*\]", lambda found: "\n" * found[0].count("\n"), text)
    try:
        before, after = tomllib.loads(text), tomllib.loads(cut)
    except ValueError:  # not TOML, or no longer
        return raw
    if isinstance(before.get("network"), dict):
        before["network"].pop("publish", None)
    return cut.encode("utf-8", "surrogateescape") if before == after else raw


def _plan(ground: Ground, flags: Mapping[str, Sequence[str]]) -> Plan:
    from paddock import planning
    from paddock.policy.flags import flags_layer

    layer = flags_layer(flags) if flags else None
    return planning.make_plan(ground.repo, ("/bin/sh",), layer, terminal=False, environ=ground.environ, create=False)


def _with_service(
    ground: Ground, plan: Plan, flags: Mapping[str, Sequence[str]]
) -> tuple[Plan, Mapping[str, Sequence[str]]]:
    """The plan with a rule for the ground's own service, and the flag that says so: a gateway that lets nothing of
    ours through could not be attacked. Nothing is added where the floor forbids it, or where there is no service.
    """
    from paddock.probes.inside.network import ALLOWED, HOST

    rules = [(rule.host.replace("*", "paddock-probe", 1), rule.port) for rule in plan.network.rules]
    ground.given |= {"rules": rules, "named": sorted({host for host, _ in rules})}
    if ALLOWED not in ground.given.get("ports", {}):
        return plan, {}
    allowed = {"allow": (f"{HOST}:{ground.given['ports'][ALLOWED]}",)}
    try:
        return _plan(ground, {**flags, **allowed}), allowed
    except PaddockError:
        return plan, {}


def _vouch(subject: Subject, ground: Ground) -> None:
    """Where the policy asks for a proof before anything starts, the made-up person needs one to be attacked at all.

    It is signed with the key of the ground, which is worth nothing anywhere else, and goes with it.
    """
    from paddock.probes.proof import Proof
    from paddock.proofs import envelope, requiring, store

    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    claimed = Proof(replace(subject, added=requiring.ANYTHING), stamp, 0, (), {}, complete=True)
    store.keep(envelope.seal(claimed, ground.environ), ground.environ)


def _subject(
    *,
    boundary: str = "",
    against: str = "",
    policy_hash: str = "",
    plan_hash: str = "",
    gaps: tuple[str, ...] = (),
    added: str = "",
) -> Subject:
    import platform

    from paddock.boundary.versions import versions
    from paddock.probes.pack import pack, version
    from paddock.probes.proof import Subject

    return Subject(
        boundary,
        against,
        policy_hash,
        plan_hash,
        gaps,
        __version__,
        version(pack()),
        {**versions(boundary), "python": platform.python_version()},
        os.uname().release,
        os.uname().machine,
        "root" if os.geteuid() == 0 else "an ordinary user",
        added,
    )
