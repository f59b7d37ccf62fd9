"""What happens where the sandbox cannot be made as promised: nothing may run, and the reason is said."""

from __future__ import annotations

import os

from paddock import process
from paddock.probes.inside.effects import Skipped
from paddock.probes.planting.files import fingerprint
from paddock.probes.scenarios import living
from paddock.probes.scenarios.scene import NotApplicable, scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.probes.scenarios.scene import Finding, Findings, Scene

# Each is a script on the host that takes something away, says so with the witnesses (`$0`), and starts the sandbox.
# An ordinary user is root in a namespace for that, and themselves again in a second one.
_HIDDEN = 'for box in $BOXES; do mount --bind /dev/null "$box" || exit; done; : > "$0" && exec {again} "$@"'
_NO_MORE = 'echo 1 > /proc/sys/user/max_user_namespaces && : > "$0" && exec {again} "$@"'
_BOXES = ("bwrap",)
# Enough open files for a part of the way each.
_TOO_FEW = (6, 12, 20)
_PATIENCE_S = 30
_REFUSED = 126
_LIVE_GAP = "live-hazards-window"


@scenario("LC-13 missing-tool", "LC-13 no-user-namespaces")
def missing(scene: Scene) -> Findings:
    """The mechanism is not there. Whether anything ran without it shows outside of every sandbox."""
    _must_hide_the_outside(scene)
    again = f"unshare --user --map-user={os.geteuid()} --map-group={os.getegid()} --"
    own = ("unshare", "--user", "--map-root-user")
    mounted = ("--mount", "/bin/sh", "-c")
    hidden: tuple[str, ...] = (*own, *mounted, _HIDDEN.format(again=again))
    if os.geteuid() == 0:
        hidden = ("unshare", *mounted, _HIDDEN.format(again=""))
    return {
        "LC-13 missing-tool": _ran(scene, "tool", hidden),
        "LC-13 no-user-namespaces": _ran(scene, "namespaces", (*own, "/bin/sh", "-c", _NO_MORE.format(again=again))),
    }


def _must_hide_the_outside(scene: Scene) -> None:
    """Another sandbox may let its command write there; then a mark says nothing of how it ran."""
    if scene.bare or scene.paddock:
        return
    marker = f"{scene.witnesses}/as-usual"
    scene.run("/usr/bin/touch", marker)
    if os.path.exists(marker):
        raise NotApplicable("it lets a command write outside, with or without a failure")


def _ran(scene: Scene, name: str, way: Sequence[str]) -> Finding:
    """Whether a command ran on the host itself, where the sandbox is started in this way."""
    tried, marker = f"{scene.witnesses}/{name}-tried", f"{scene.witnesses}/{name}-ran"
    boxes = " ".join(filter(None, map(process.find, _BOXES)))
    command = scene.under(("/usr/bin/touch", marker))
    scene.host("/usr/bin/env", f"BOXES={boxes}", *way, tried, *command)
    if not os.path.exists(tried):
        return Skipped("there are no namespaces here in which it could be taken away")
    return ["ran without a sandbox"] if os.path.exists(marker) else []


@scenario("LC-14 weaker-is-said")
def weaker(scene: Scene) -> Sequence[str]:
    """More is asked of the plan than can be kept, and nobody has accepted that by name."""
    if not (scene.paddock or scene.bare):
        raise NotApplicable("it has no promises that it could compare")
    if scene.plan and _LIVE_GAP in (*scene.gaps, *scene.plan.boundary.accepted_gaps):
        raise NotApplicable("the policy accepts the gap that this asks for")
    flags = ("--workspace", "live") if scene.paddock else ()
    done = scene.run("/bin/sh", "-c", "echo ran > ran", flags=flags)
    found = ["ran with a gap that nobody accepted"] if os.path.exists(f"{scene.ground.repo}/ran") else []
    said = scene.bare or (done.status == _REFUSED and _LIVE_GAP.encode() in done.stderr)
    return found or ([] if said else [f"ended with {done.status} and did not name the gap"])


@scenario("LC-15 failing-set-up")
def half_way(scene: Scene) -> Sequence[str]:
    """Descriptors run out at one step or another of its making."""
    _must_hide_the_outside(scene)
    mark = living.new_mark(scene)
    before = fingerprint(scene.ground.repo)
    found = []
    for limit in _TOO_FEW:
        marker = f"{scene.witnesses}/ran-{limit}"
        through = ("/usr/bin/env", "prlimit", f"--nofile={limit}:{limit}")
        if scene.start("/bin/sh", "-c", ': > "$1"', mark, marker, through=through).wait(_PATIENCE_S) is None:
            found.append(f"it hangs, with {limit} open files")
        found += [f"ran without a sandbox, with {limit} open files"] if os.path.exists(marker) else []
    changed = [] if fingerprint(scene.ground.repo) == before else ["wrote to the repository"]
    return [*found, *living.left(scene, mark), *changed]
