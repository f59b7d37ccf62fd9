"""What lies over the workspace while a session runs, and what of it is held at the end."""

from __future__ import annotations

import os

from paddock.boundary import steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.steps import Overlay
    from paddock.plan.model import Plan
    from paddock.unwinding import Unwinding
    from paddock.workspace.shelf import ChangeSetDirectory


def lay(
    plan: Plan, name: str, *, fresh: bool, undo: Unwinding
) -> tuple[tuple[Overlay, ...], ChangeSetDirectory | None]:
    """The overlays, outer ones first, and the change set where one is claimed. Raises PaddockError."""
    source, mode = plan.workspace.source, plan.workspace.mode
    if mode == "review":
        from paddock.workspace import store

        change_set = store.claim(source, name=name or None, fresh=fresh)
        undo.callback(store.release, change_set)
        overlay = steps.Overlay(source, (*change_set.layers, source), change_set.upper, change_set.work)
        return (overlay, *_git_overlays(plan, change_set.path)), change_set
    if mode == "scratch":
        from paddock.workspace import scratches

        scratch = scratches.scratch(source)
        undo.callback(scratches.remove_scratch, scratch)
        lowers = (*scratches.layers_below(scratch), source)
        overlay = steps.Overlay(source, lowers, f"{scratch}/upper", f"{scratch}/work")
        return (overlay, *_git_overlays(plan, scratch)), None
    return (), None


def _git_overlays(plan: Plan, directory: str) -> tuple[Overlay, ...]:
    """For a worktree or submodule, whose git directory lies elsewhere."""
    sources = [mount.source for mount in plan.mounts if mount.access == "copy"]
    if not sources:
        return ()
    from paddock.workspace.git import layer

    made = [(source, *layer.make(directory, source, plan.workspace.source)) for source in sources]
    return tuple(steps.Overlay(source, (source,), upper, work) for source, upper, work in made)


def held(change_set: ChangeSetDirectory | None) -> tuple[str, int, tuple[str, ...]]:
    """The name of the change set, if there are changes, and how many; and what git ignores."""
    changed = 0
    aside: tuple[str, ...] = ()
    if change_set and (_touched(change_set.upper) or _touched(f"{change_set.path}/git/upper")):
        from paddock.workspace import store

        finished = store.finish(change_set)
        changed, aside = finished.changed, finished.aside
    return (change_set.name if change_set and changed else ""), changed, aside


def _touched(upper: str) -> bool:
    """Whether there can be changes, without the imports that counting them takes."""
    try:
        return bool(os.listdir(upper))
    except FileNotFoundError:
        return False
    except PermissionError:  # `chmod 000 .` inside; counting sees to it
        return True
