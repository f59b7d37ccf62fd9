"""What scenarios about the gateway share: whether there is one, and how a script is run beside it."""

from __future__ import annotations

from paddock.errors import PaddockError
from paddock.plan.matching import denial
from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios.scene import NotApplicable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.probes.scenarios.scene import Scene

HOST, LOOPBACK = "host", "127.0.0.1"
PYTHON = ("/bin/sh", "-c", 'exec python3 -I -c "$@"', "sh")
_NO_PROGRAM = 127
_DONE = b"done\n"  # the last that a script says


def require(scene: Scene) -> None:
    """Raises NotApplicable where there is no gateway, or where the policy lets none of our services be reached."""
    if scene.plan is None:
        raise NotApplicable("about Paddock's gateway")
    network = scene.plan.network
    if network.mode == "off":
        raise NotApplicable(f"the plan has no network ({network.origin})")
    denied = denial(network, HOST, 0)
    if denied:
        raise NotApplicable(f"the policy denies {HOST}, and so all of our own services ({denied.origin})")


def nobodys(scene: Scene) -> str:
    """A domain that no policy allows a name of: it is new each time, and none may have the rule "*.test"."""
    return f"{scene.ground.mark}.test"


def check(status: int, stdout: bytes, stderr: bytes) -> None:
    """Raises PaddockError unless a script came to its end: one that did not has shown nothing."""
    if status == _NO_PROGRAM:
        raise Skipped("there is no Python inside")
    if not stdout.endswith(_DONE):
        why = stderr.decode(errors="replace").strip()[-300:]
        raise PaddockError(f"the sandbox did not run the script: {why or f'it ended with {status}'}")
