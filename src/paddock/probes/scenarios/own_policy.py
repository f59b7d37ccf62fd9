"""A policy of a probe's own, in the place of the one that is proven: what it says is judged here, not who says it."""

from __future__ import annotations

import os

from paddock.probes.scenarios.scene import NotApplicable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Scene

_OF_THE_REPOSITORY = ("paddock.toml", ".devcontainer/devcontainer.json")


def put(scene: Scene, policy: str) -> None:
    """The ground's person has this policy from now on, and its repository none. The floor of the machine stays.

    Does nothing in the control. Raises NotApplicable where the sandbox is not Paddock's, and reads no such thing.
    """
    if scene.prefix and not scene.paddock:
        raise NotApplicable("about a policy of Paddock's")
    with open(f"{scene.ground.home}/.config/paddock/policy.toml", "w", encoding="utf-8") as file:
        file.write(policy)
    for name in _OF_THE_REPOSITORY:
        if os.path.exists(f"{scene.ground.repo}/{name}"):
            os.unlink(f"{scene.ground.repo}/{name}")
