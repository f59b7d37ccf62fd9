"""Where the root of a sandbox comes from: this machine, an image that was named, or the repository's dev container."""

from __future__ import annotations

import os

from paddock import state
from paddock.planning import make_plan
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from paddock.plan.image import Rooted
    from paddock.plan.model import Plan
    from paddock.policy.model import Layer

NO_IMAGE = "none"  # this machine's own programs, also where there is a dev container
_PLACES = (".devcontainer/devcontainer.json", ".devcontainer.json")  # `devcontainer.finding.FIRST`, which costs more
WITH_IMAGES = ("podman", "gvisor")


def declare(parser: argparse.ArgumentParser) -> None:
    """The option that names an image."""
    parser.add_argument(
        "--image", metavar="NAME", help="take programs and libraries from this container image; none: from this machine"
    )


def plan_of(
    options: argparse.Namespace, command: Sequence[str], layer: Layer | None, *, terminal: bool, create: bool = True
) -> tuple[Plan, Rooted | None]:
    """The plan for a command here, and the image that its root comes from, if any.

    In a boundary that runs images the repository's dev container is taken, unless another image or none is named.
    Raises what `make_plan` does, and Refused for a dev container that is not ready.
    """
    image = named(options)
    plan = make_plan(os.getcwd(), command, layer, terminal=terminal, create=create, image=image)
    if image or options.image == NO_IMAGE or plan.boundary.use not in WITH_IMAGES:
        return plan, image
    from paddock.developing import standing

    if not standing.there_is_one(os.getcwd()):
        return plan, None
    image = standing.ready(os.getcwd(), layer, create=create).image
    return make_plan(os.getcwd(), command, layer, terminal=terminal, create=create, image=image), image


def offer(plan: Plan, *, quiet: bool) -> None:
    """Say once for each repository that it has a dev container, to a person who does not use it."""
    if quiet or plan.image or not os.isatty(2) or not any(os.path.lexists(place) for place in _PLACES):
        return
    marker = f"{state.state_directory()}/devcontainers/{state.repository_key(plan.workspace.source)}"
    if os.path.exists(f"{marker}/offered"):
        return
    state.write_durably(state.make_private(marker), "offered", b"")
    complain("this repository has a dev container: paddock run --boundary podman works in it, paddock check judges it")


def named(options: argparse.Namespace) -> Rooted | None:
    """The image that was named. Raises as `images.rooted`."""
    if options.image is None or options.image == NO_IMAGE:
        return None
    from paddock.boundary import images
    from paddock.policy.model import Origin

    return images.rooted(options.image, Origin("flag", "--image"))
