"""The set-up commands of a dev container, run inside it: once for each image, in their order.

Each in a sandbox of its own, with the plan's rules but for the network, which is that of [network.setup]. What they
write in the repository goes to the same change set, what they install to the home, which stays.
"""

from __future__ import annotations

from paddock import session
from paddock.developing import settling
from paddock.errors import PaddockError
from paddock.planning import make_plan
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.model import Hook
    from paddock.developing.standing import Ready
    from paddock.plan.model import Plan
    from paddock.policy.model import Layer


def run(ready: Ready, flags: Layer | None, name: str, *, terminal: bool) -> None:
    """Run what has not run yet. Raises PaddockError for a command that does not end well; nothing after it runs."""
    image = ready.image.identifier
    for event in settling.ONCE:
        hooks = [hook for hook in ready.settled.once if hook.event == event]
        if not hooks or ready.ground.has_run(image, event):
            continue
        for hook in hooks:
            _run(hook, ready, flags, name, terminal=terminal)
        ready.ground.ran(image, event)


def _run(hook: Hook, ready: Ready, flags: Layer | None, name: str, *, terminal: bool) -> None:
    complain(f"{hook.event} {hook.name}".rstrip() + f" ({hook.origin.where})")
    ended = session.run(planned(hook, ready, flags, terminal=terminal), name=name, quiet=True)
    for message in ended.messages:
        complain(message)
    if ended.exit_code:
        raise PaddockError(
            f"{hook.event} ({hook.origin.where}) ended with {ended.exit_code}",
            why="the set-up commands after it were not run, and nothing was started",
            next_step='what it may reach: [network.setup] allow = ["HOST"] in paddock.toml; then the same again',
            code="devcontainer-setup",
        )


def planned(hook: Hook, ready: Ready, flags: Layer | None, *, terminal: bool) -> Plan:
    """The plan for one of them."""
    words = settling.words(hook)
    return make_plan(ready.found.folder, words, flags, terminal=terminal, image=ready.image, setting_up=True)
