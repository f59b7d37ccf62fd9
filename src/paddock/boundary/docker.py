"""Docker in podman's place, where it is all there is: what its containers are made of, and what it cannot keep."""

from __future__ import annotations

import os

from paddock.boundary import engine, images
from paddock.boundary.base import Gap
from paddock.boundary.docker_words import EMPTY
from paddock.boundary.guest_programs import init, machine_here
from paddock.boundary.packages import install
from paddock.frozen import replace
from paddock.process import run
from paddock.state import make_private, write_durably

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.bubblewrap import Facts
    from paddock.boundary.engine import Engine
    from paddock.plan.model import Plan
    from paddock.process import Finished

_ASK_TIMEOUT_S = 20.0
_END_OF_TAR = bytes(1024)  # tar(5): an archive of no files


def facts(found: Engine, plan: Plan, known: Facts) -> Facts:
    """What is known of this machine, for a container that Docker can make from now on. Raises BoundaryUnavailable."""
    import paddock.boundary.filling  # noqa: F401 - `boundary.sandbox` needs it where none of our files can be read

    prepare(found)
    return replace(known, docker=True, volumes=images.volumes(plan.image.reference) if plan.image else ())


def prepare(found: Engine) -> None:
    """Have what a container is made of: a keeper, and an image of nothing. Raises BoundaryUnavailable."""
    _keep(found.keeper)
    if _ask(found, "image", "inspect", "--format", "{{.Id}}", EMPTY).status == 0:
        return
    done = _ask(found, "import", "-", EMPTY, stdin=_END_OF_TAR)
    if done.status:
        raise engine.failure(done.stderr.decode("utf-8", "replace"), found)


def _keep(path: str) -> None:
    """A program that waits as the first process of a container; it needs nothing of the machine or of an image."""
    content = init(machine_here())
    place, name = os.path.split(path)
    make_private(place)
    try:
        with open(path, "rb") as file:
            if file.read(len(content) + 1) == content:
                return
    except FileNotFoundError:
        pass
    # Whoever the person is outside starts it, through a mount.
    write_durably(place, name, content, mode=0o555)


def first_process(found: Engine, name: str) -> int:
    """The first process of a container that has been started, in our numbering; 0 where it has none (any more)."""
    said = _ask(found, "container", "inspect", "--format", "{{.State.Pid}}", name).stdout.strip()
    return int(said) if said.isdigit() else 0


def _ask(found: Engine, *question: str, stdin: bytes = b"") -> Finished:
    environment = engine.environment(engine.settings())
    return run((*engine.words(found), *question), environment=environment, stdin=stdin, timeout_s=_ASK_TIMEOUT_S)


def gaps(plan: Plan, boundary: str) -> tuple[Gap, ...]:
    """What is not kept with Docker in podman's place."""
    podman = install("podman")
    found = [
        Gap(
            name="docker",
            promise="nothing but your own processes makes and ends a sandbox",
            why="only Docker is here: its daemon does, it keeps running, and its containers have no user namespace of "
            "their own: an image's files belong to nobody inside but for those in the home",
            instead=podman,
        )
    ]
    lacking = {
        "services beside a dev container": bool(plan.services),
        "containers inside the sandbox": plan.nested,
        "a kernel of its own (gVisor)": boundary == "gvisor",
    }
    found += [
        Gap("docker", promise=what, why="with Docker in podman's place there is none", instead=podman, acceptable=False)
        for what, wanted in lacking.items()
        if wanted
    ]
    return tuple(found)
