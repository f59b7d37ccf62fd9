"""Where mutants are tried: sandboxes as `paddock prove` makes them, each on a ground of its own."""

from __future__ import annotations

import functools
import json
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from paddock import live, process, proving
from paddock.boundary import container, engine, gvisor_trial, runsc
from paddock.frozen import replace
from paddock.probes.planting import place
from paddock.probes.planting.ground import Ground
from tests.mutation.mutants import TOLD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.boundary.gvisor import Runsc
    from paddock.probes.attacking import Aim, Target

LAUNCHER = str(Path(__file__).parent / "launcher.py")
# The policy of the repository, and the boundary, by the word that a mutant says. Where the network is allowed,
# `paddock prove` lets a service of the ground be reached.
SETTINGS = {
    "off": ("", ""),
    "allow": ('[network]\nmode = "allow"\nallow = ["*.example.test"]\n', ""),
    "live": ('[workspace]\nmode = "live"\n', ""),
    "shown": ('[workspace]\nread = ["/opt"]\n', ""),
    "landlock": ('[workspace]\nmode = "readonly"\nmask = []\n', "landlock"),
    "podman": ("", "podman"),
    "podman-live": ('[workspace]\nmode = "live"\n', "podman"),
    "gvisor": ("", "gvisor"),
}


def aim(base: str, names: Sequence[str], setting: str) -> Aim:
    """A sandbox with these mutants in it."""
    policy, boundary = SETTINGS[setting]
    here = f"{base}/{setting}"
    os.makedirs(here, exist_ok=True)
    file = f"{here}/policy.toml"
    if not os.path.exists(file):
        Path(file).write_text(policy, "utf-8")
    environ = dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), f"{here}/home")
    own = proving._Own(here, proving.Wanted(boundary, policy=file), environ)

    def target(ground: Ground) -> Target:
        if boundary == "gvisor":
            runsc.remember(runsc.find_program(), _platform(), ground.environ)  # else each ground would try them all
        found = own(ground)
        paddock = (sys.executable, "-I", LAUNCHER, json.dumps(list(names)))
        return replace(found, prefix=(*paddock, *found.prefix[len(proving._PADDOCK) :]), paddock=paddock)

    return target


@functools.cache
def _platform() -> str:
    """Of gVisor's, the one that works here."""

    def attempt(found: Runsc) -> str:
        with tempfile.TemporaryDirectory() as tried:
            return gvisor_trial.failure(found, tried)

    return runsc.find_runsc(attempt).platform


@contextmanager
def base() -> Iterator[str]:
    """A directory for grounds, not below /tmp: a sandbox with a /tmp of its own would hold for that reason alone."""
    above = "/var/cache" if os.geteuid() == 0 else os.path.expanduser("~/.cache")
    os.makedirs(above, exist_ok=True)
    path = tempfile.mkdtemp(prefix="paddock-mutation-", dir=above)
    try:
        yield path
    finally:
        if os.geteuid() == 0:
            _remove_containers(path)
        remove(path)


def _remove_containers(path: str) -> None:
    """What is left of root's containers by mutants, and by what was killed; all others' are on their own grounds."""
    if not (program := process.find("podman")):
        return

    def ask(*words: str) -> str:
        done = process.run((program, *words), environment=engine.environment(engine.settings()))
        return done.stdout.decode(errors="replace")

    every = ask("ps", "--all", "--quiet").split()
    told = ask("inspect", "--type", "container", "--format", "{{.Name}} {{.Config.CreateCommand}}", *every)
    for name in [line.partition(" ")[0] for line in told.splitlines() if f"{path}/" in line]:
        ask("rm", "--force", "--time", "0", "--ignore", name)
    for laid_out in map(str, Path(container.ROOTS_PLACE).glob("*")):
        if container.live_directory_of(laid_out).startswith(f"{path}/"):
            live.remove_directory(laid_out)


def remove(path: str) -> None:
    """A ground with all that the probes left in it, also what overlayfs lets nobody enter."""
    place.remove(path)


def told(name: str, setting: str) -> tuple[str, ...]:
    """What a family says that could be taken away, when it is asked in a sandbox's start."""
    with base() as here, Ground(f"{here}/ground", bare=True) as ground:
        target = aim(here, [name], setting)(ground)
        done = process.run((*target.prefix, "/bin/true"), environment=ground.environ, cwd=ground.repo)
        if done.status:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        with open(f"{ground.home}/{TOLD}", encoding="utf-8") as file:
            return tuple(json.load(file))
