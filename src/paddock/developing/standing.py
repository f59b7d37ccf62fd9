"""A dev container that is ready: its image as the root of a plan, with what its configuration adds."""

from __future__ import annotations

import os

from paddock import state
from paddock.boundary import images, taking
from paddock.devcontainer import finding
from paddock.devcontainer.effective import effective
from paddock.devcontainer.service import Project
from paddock.developing import building, lending, settling
from paddock.developing.ground import Ground, fill, inputs
from paddock.frozen import frozen, replace
from paddock.policy.model import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.devcontainer.finding import Found
    from paddock.developing.settling import Settled
    from paddock.plan.image import Rooted
    from paddock.policy.model import Layer


@frozen
class Ready:
    """A configuration whose image is there. `image` is the root of plans; `ground` what is kept of it."""

    found: Found
    settled: Settled
    image: Rooted
    ground: Ground


def there_is_one(directory: str) -> bool:
    """Whether a directory has a dev container that tools would take by themselves. Reads nothing."""
    return any(os.path.lexists(f"{directory}/{place}") for place in finding.FIRST)


def ready(  # noqa: PLR0913 - what was typed, where, and for what purpose
    directory: str,
    flags: Layer | None = None,
    *,
    config: str = "",
    allow_initialize: bool = False,
    build: bool = False,
    create: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> Ready:
    """The dev container of a directory. With `build` its image is built first; without `create` only to look.

    `flags` are what was typed of the policy, which lends it variables of this machine.

    Raises Refused where it is not built, or asks for what is refused; what reading it and the policy raises.
    """
    found = finding.find(directory, config=config)
    lent = lending.lent(directory, flags, environ)
    whole = effective(found, environment=lent, with_id=True)
    ground = Ground(found)
    digest = inputs(found)
    settled = settling.settle(whole, lent.withheld, allow_initialize=allow_initialize or ground.is_allowed(digest))
    if allow_initialize and create:
        ground.allow(digest)
    composed = None
    if whole.kind == "compose":
        from paddock.developing import composing

        assert isinstance(whole.project, Project)  # noqa: S101 - which that kind has
        composed = composing.compose(whole, whole.project, lent)
        name = composed.image
        settled = replace(settled, left=(*settled.left, *composed.left))
    else:
        name = building.build(found, whole, ground, environ) if build else building.reference(found, whole, ground)
    root = images.rooted(name, Origin("repository", found.file), user=settled.user, folder=settled.folder)
    folder = "" if root.folder in (os.path.realpath(directory), found.repository) else root.folder
    home = ground.home(root.identifier)
    if create and not os.path.isdir(home):
        state.make_private(os.path.dirname(home))
        fill(home, lambda place: taking.copy(root.identifier, root.person.home, place))
    own = dict(composed.environment) if composed else {}
    variables = {**dict(root.environment), **own, **dict(settled.environment)}
    root = replace(root, folder=folder, home=home, environment=tuple(sorted(variables.items())))
    if composed:
        root = replace(root, services=composed.services, names=composed.names)
    return Ready(found, settled, root, ground)
