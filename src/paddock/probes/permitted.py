"""What a policy lets in on purpose: files that it shows, variables that it passes, writes in the workspace. Pure.

These turn a probe round, and name the line. What is reached beyond them breaks the promise as ever.
"""

from __future__ import annotations

from paddock.plan.paths import parent, within
from paddock.probes.inside.environment import HANDLES, is_secret
from paddock.probes.inside.secrets import SECRETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from paddock.plan.model import Plan
    from paddock.policy.model import Origin
    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.expectations import Expectation

# Who may decide such things. What the machine brings, such as a toolchain, is no answer to an attack.
_PEOPLE = ("floor", "person", "repository", "flag")
_CANARY = "canary-"  # which the made-up person's secrets begin with
_TEMPORARY = {
    "FS-30 host-tmp": "/tmp",  # noqa: S108
    "FS-30 host-var-tmp": "/var/tmp",  # noqa: S108
    "FS-30 host-run": "/run",
    "FS-31 dev-shm": "/dev/shm",  # noqa: S108
}


def files(plan: Plan | None, probe: Probe, *_: object) -> Expectation | None:
    """Where the policy shows the very file or directory that a probe reads."""
    if plan is None:
        return None
    shown = {mount.target: mount.origin for mount in plan.mounts if mount.origin.kind in _PEOPLE}
    if probe.id == "FS-05 parent-listing":
        return _seen_on_the_way(plan, shown)
    places = _places(plan, probe.id)
    found = {target: origin for target, origin in shown.items() if any(within(place, target) for place in places)}
    return _permitted(found, "works")


def variables(plan: Plan | None, probe: Probe, *_: object) -> Expectation | None:
    """Variables that somebody wrote down, and those that hold a stand-in: these need not be there."""
    from paddock.probes.expectations import Expectation

    if plan is None:
        return None
    written = {it.name: it for it in plan.environment if it.origin.kind in _PEOPLE}
    if probe.id == "CR-25 pid1-environ":  # which cannot tell the caller's variables from those that were passed on
        passed = [f"{name} ({it.origin})" for name, it in written.items() if _CANARY in it.value]
        return Expectation("open", f"the policy passes {', '.join(passed)}") if passed else None
    found = {name: it.origin for name, it in written.items() if _looked_for(probe.id, name, it.value)}
    bound = {name: it.origin for it in plan.credentials for name in it.variables if _looked_for(probe.id, name, "")}
    return _permitted({**bound, **found}, "works" if found else "fails")


def _looked_for(probe: str, name: str, value: str) -> bool:
    """Whether a probe counts this variable when it is there."""
    return {
        "CR-21 env-canary": _CANARY in value,
        "CR-22 env-secret-names": is_secret(name),
        "CR-23 env-ipc-handles": name in HANDLES,
    }.get(probe, False)


def writing(plan: Plan | None, probe: Probe, *_: object) -> Expectation | None:
    """Whether files of the workspace may be changed inside, wherever the changes go."""
    from paddock.probes.expectations import Expectation

    if plan is None:
        return None if probe.kind == "work" else Expectation("open", "another sandbox may be meant to write there")
    line = f'workspace.mode = "{plan.workspace.mode}" ({plan.workspace.origin})'
    if probe.kind == "work":
        return Expectation("void", line) if plan.workspace.mode == "readonly" else None
    return None if plan.workspace.mode == "readonly" else Expectation("works", line)


def _places(plan: Plan, name: str) -> tuple[str, ...]:
    """What a probe reads, as a path of the host's."""
    repo = plan.workspace.source
    if name in SECRETS:
        return (f"{plan.person.home}/{SECRETS[name]}",)
    other = f"{parent(repo)}/other"
    known = {
        "FS-03 sibling-project-read": (f"{other}/.env", f"{other}/notes"),
        "FS-04 prefix-sibling": (f"{repo}-evil/secret",),
    }
    return known.get(name, (_TEMPORARY[name],) if name in _TEMPORARY else ())


def _seen_on_the_way(plan: Plan, shown: Mapping[str, Origin]) -> Expectation | None:
    """To show a directory is to show the names on the way to it."""
    found = {}
    for above in (parent(plan.workspace.source), plan.person.home):
        for target, origin in shown.items():
            if target != above and within(target, above):
                found[target[len(above) + 1 :].split("/")[0]] = origin
    return _permitted(found, "fails")


def _permitted(found: Mapping[str, Origin], word: Literal["works", "fails"]) -> Expectation | None:
    """What was found may be reached and nothing else; with "works" it must be."""
    from paddock.probes.expectations import Expectation

    if not found:
        return None
    why = ", ".join(f"{name} ({origin})" for name, origin in found.items())
    return Expectation(word, f"the policy lets it in: {why}", tuple(found))
