"""What a plan promises about each probe: that it fails, that it succeeds, or nothing.

The one place where expectations are. A policy that allows something turns a probe round, and the answer names the
line; a gap that was accepted takes a promise back, and the answer names the gap.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.probes import permitted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from paddock.plan.model import Plan
    from paddock.probes.catalogue.reading import Probe

    Turn = Callable[["Plan", "Probe"], "Expectation | None"]


@frozen
class Expectation:
    """`word` is "fails" (the attack does), "works" (what the policy allows, or what must go on), "open" or "void".

    "open" is what nobody promised, "void" what makes no sense with this plan, such as a question to the gateway where
    there is none. `why` is for all but "fails": the policy's line, the gap, or what is not promised.
    `only` are the paths or names that may be reached, where it is not all or none.
    """

    word: Literal["fails", "works", "open", "void"]
    why: str = ""
    only: tuple[str, ...] = ()

    def permits(self, reached: str) -> bool:
        """Whether the plan lets this be reached: `reached` is what a probe says, such as "read /srv/notes"."""
        if not self.only:
            return self.word in ("works", "open")
        what = reached.partition(" ")[2] or reached
        return any(what == name or what.startswith(f"{name}/") for name in self.only)


@frozen
class Promise:
    """One promise: its sentence, the gaps that take it back, and what of a plan turns it round."""

    sentence: str
    gaps: tuple[str, ...] = ()
    turn: Turn | None = None


FAILS, WORKS = Expectation("fails"), Expectation("works")


def _network(plan: Plan, probe: Probe) -> Expectation | None:  # noqa: ARG001 - the table's shape
    if plan.network.mode == "off":
        return None
    return None


PROMISES: Mapping[str, Promise] = {
    "outside": Promise("what is outside the workspace cannot be read or written", ("metadata",), permitted.files),
    "masks": Promise("masked files are seen as empty", ("masked-files",)),
    "workspace": Promise("the repository on disk stays as it is until somebody applies", ("workspace-review",)),
    "links": Promise("a file's names outside the repository keep what they had", ("hard-links",)),
    "private": Promise("temporary directories are the sandbox's own", ("private-paths",), permitted.files),
    "writing": Promise("the workspace is changed inside only where the policy's mode has it", (), permitted.writing),
    "descriptors": Promise("nothing that the caller has open is inherited"),
    "mounts": Promise("the file-system view cannot be changed from inside"),
    "processes": Promise("other processes cannot be seen or touched", ("process-visibility", "host-signals")),
    "ipc": Promise("shared memory, queues and keys of the host are not there", ("ipc-isolation",)),
    "kernel-surface": Promise("the kernel's risky calls are refused"),
    "privileges": Promise("there are no privileges inside, and none can be gained"),
    "devices": Promise("only harmless devices exist"),
    "terminal": Promise("the caller's terminal cannot be written to or read"),
    "network": Promise("nothing is reached but what the policy names", ("network-destinations",), _network),
    "gateway": Promise("what the policy names is reached by that name only"),
    "sockets": Promise("no service of the host is reached through a socket", ("unix-sockets", "host-sockets")),
    "environment": Promise("no secret and no handle comes in by the environment", (), permitted.variables),
    "credentials": Promise("no credential of the person's is readable", (), permitted.files),
    "later": Promise("nothing is left that the host would run"),
    "limits": Promise("memory, processes, files and time end where the plan says", ("memory-total", "process-total")),
    "end": Promise("nothing lives on, and nothing is left behind", ("survivors",)),
    "own-files": Promise("Paddock's own files are out of reach"),
    "record": Promise("what was decided is on record, out of reach and whole"),
    "registries": Promise("young and unknown packages do not install"),
    "work": Promise("ordinary work goes on"),
    "facts": Promise("what was found, for the report"),
}


def expect(probe: Probe, plan: Plan | None, gaps: tuple[str, ...] = ()) -> Expectation:
    """What to expect of a probe. Without a plan (another sandbox) every attack should fail and all work should go on.

    `gaps` are those that were accepted for this run.
    """
    promise = PROMISES[probe.promise]
    turned = promise.turn(plan, probe) if plan and promise.turn else None
    if probe.kind == "work":
        return turned if turned and turned.word == "void" else WORKS
    if probe.kind == "depends":
        return Expectation("open", "a fact, not a promise")
    open_gaps = [gap for gap in promise.gaps if gap in gaps]
    if open_gaps:
        return Expectation("open", f"gap {open_gaps[0]}, which was accepted")
    if plan is None and probe.promise == "workspace":
        return Expectation("open", "another sandbox may be meant to write the repository itself")
    return turned or FAILS
