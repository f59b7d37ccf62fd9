"""`paddock doctor`: what works on this machine, by trying it."""

from __future__ import annotations

import os

from paddock.boundary import registry
from paddock.boundary.base import STRENGTH, Availability
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.trial_ground import TrialGround

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from typing import Literal

    State = Literal["ok", "no", "planned"]

SUMMARY = "say what works on this machine, by trying it, and what mends the rest"
DETAILS = """Every boundary, present or planned, is tried for real: namespaces are made, an overlay is mounted, a guest
is run. Nothing is left behind and no network is used. What fails comes with the command that mends it.

  paddock doctor                          everything
  paddock doctor --boundary bubblewrap    one boundary; exit code 0 if it works

Exit code: 0 if a boundary that Paddock has works here and is at least as strong as the default minimum
(bubblewrap), else 125."""

DEFAULT_MINIMUM = "bubblewrap"
_COLORS = {"ok": "green", "no": "red", "planned": "yellow"}
_FAILED = 125


@frozen
class Row:
    """One finding. `works` says whether the mechanism works here, also for a boundary that is only planned."""

    name: str
    state: State
    works: bool
    reason: str
    fix: str


def declare(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--boundary", choices=registry.NAMES, help="try this boundary only")


def perform(options: argparse.Namespace) -> Outcome:
    """Try and report."""
    wanted = [entry for entry in registry.ENTRIES if options.boundary in (None, entry.name)]
    with TrialGround() as ground:
        boundaries = [_boundary(entry, ground) for entry in wanted]
        machine = [] if options.boundary else [_fact(name, trial, ground) for name, trial in FACTS]
    ok = any(row.state == "ok" and (options.boundary or _strong_enough(row.name)) for row in boundaries)
    data = {
        "schema": 1,
        "ok": ok,
        "minimum": DEFAULT_MINIMUM,
        "boundaries": [_as_data(row) for row in boundaries],
        "machine": [_as_data(row) for row in machine],
    }
    return Outcome("".join(_text(boundaries, machine)), data, 0 if ok else _FAILED)


def _strong_enough(name: str) -> bool:
    return name in STRENGTH and STRENGTH.index(name) >= STRENGTH.index(DEFAULT_MINIMUM)


def _boundary(entry: registry.Entry, ground: TrialGround) -> Row:
    found = _tried(entry.trial, ground.place(entry.name))
    if entry.present:
        return Row(entry.name, "ok" if found.ok else "no", found.ok, found.reason, found.fix)
    return Row(entry.name, "planned", found.ok, found.reason, found.fix)


def _fact(name: str, trial: Callable[[str], Availability], ground: TrialGround) -> Row:
    found = _tried(trial, ground.place(name.replace(" ", "-")))
    return Row(name, "ok" if found.ok else "no", found.ok, found.reason, found.fix)


def _tried(trial: Callable[[str], Availability], place: str) -> Availability:
    """A trial that breaks is a finding as well: the others must still be told."""
    try:
        return trial(place)
    except PaddockError as error:
        return Availability(
            ok=False, reason=f"{error.what}{f' ({error.why})' if error.why else ''}", fix=error.next_step
        )
    except OSError as error:
        return Availability(ok=False, reason=f"the trial failed: {error}")


def _as_data(row: Row) -> dict[str, object]:
    return {"name": row.name, "state": row.state, "works": row.works, "reason": row.reason, "fix": row.fix}


# --- facts about the machine ---


def _kernel(_place: str) -> Availability:
    here = os.uname()
    return Availability(
        ok=here.machine in ("x86_64", "aarch64"), reason=f"{here.sysname} {here.release} {here.machine}"
    )


def _landlock(_place: str) -> Availability:
    from paddock.boundary import landlock_trial

    return Availability(ok=True, reason=f"ABI {landlock_trial.facts_here().abi}")


def _cgroups(_place: str) -> Availability:
    from paddock.kernel import cgroups
    from paddock.process import find

    site = cgroups.find()
    if site and cgroups.works(site):
        return Availability(
            ok=True, reason=f"version {site.version}: limits on {', '.join(sorted(site.parents))} bind in total"
        )
    reason = "no control group can be made: limits on memory and processors bind each process only"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if find("systemd-run") and runtime and os.path.exists(f"{runtime}/systemd/private"):
        return Availability(ok=False, reason=reason, fix="systemd-run --user --scope -p Delegate=yes -- paddock run …")
    return Availability(
        ok=False, reason=reason, fix="run in a session of systemd --user, or in a delegated control group"
    )


def _overlay(place: str) -> Availability:
    from paddock.boundary import bubblewrap_trial

    return bubblewrap_trial.overlay(place)


def _id_mapping(place: str) -> Availability:
    if os.geteuid() != 0:
        return Availability(ok=True, reason="needed as root only")
    from paddock.kernel import mounts

    owner = mounts.swap_ids(0, 0, 0x70000000)
    try:
        os.close(mounts.clone(place, read_only=False, idmap=owner))
    except OSError as error:
        fix = "keep repositories and XDG_STATE_HOME on ext4, xfs or btrfs, or run paddock as an ordinary user"
        return Availability(
            ok=False, reason=f"the file system of {place} cannot be id-mapped: {error.strerror}", fix=fix
        )
    finally:
        os.close(owner)
    return Availability(ok=True, reason="as root, the command runs under an unused id")


def _terminal(_place: str) -> Availability:
    from paddock.kernel import terminal

    try:
        for descriptor in terminal.open_pair():
            os.close(descriptor)
    except OSError as error:
        return Availability(ok=False, reason=f"no pseudo-terminal can be made: {error}", fix="mount devpts at /dev/pts")
    return Availability(ok=True, reason="pseudo-terminals can be made")


FACTS: tuple[tuple[str, Callable[[str], Availability]], ...] = (
    ("kernel", _kernel),
    ("landlock abi", _landlock),
    ("control groups", _cgroups),
    ("overlay", _overlay),
    ("id-mapped mounts", _id_mapping),
    ("terminals", _terminal),
)


# --- for people ---


def _text(boundaries: list[Row], machine: list[Row]) -> Iterator[str]:
    title = "BOUNDARY"
    width = max(map(len, (title, *(row.name for row in (*boundaries, *machine)))))
    yield from _table(title, boundaries, width)
    if machine:
        yield "\n"
        yield from _table("MACHINE", machine, width)


def _table(title: str, rows: list[Row], width: int) -> Iterator[str]:
    yield paint(f"{title:<{width}}  STATE", "bold") + "\n"
    for row in rows:
        reason = row.reason
        if row.state == "planned":
            reason = f"comes with a later version; works on this machine: {'yes' if row.works else 'no'} ({row.reason})"
        yield f"{row.name:<{width}}  {paint(f'{row.state:<7}', _COLORS[row.state])}  {plain(reason)}\n"
        if row.fix and not row.works:
            yield f"{'':<{width}}  {'':<7}  fix: {plain(row.fix)}\n"
