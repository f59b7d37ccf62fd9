"""The hash of a policy: the same for the same rules, whoever wrote them down, and on every machine.

What `paddock prove` shows is true of one policy, so a proof names this hash, and `prove.require` asks for it.

It is taken of what the files say, not of the command line. A flag that only tightens leaves the proof as it is; one
that loosens asks for something that nobody has proven, and no proof covers it (`beyond`). The masks that a person chose
after a scan only tighten as well.

Left out: origins, notes and which limits somebody lifted (they are not among the limits); what `[prove]` itself says;
and the boundary with the gaps that were accepted, which a proof names beside the hash, as they were when it was made.
The order of a list means nothing in a policy.
"""

from __future__ import annotations

from paddock.frozen import as_data
from paddock.policy import canonical
from paddock.policy.layering import effective, merge
from paddock.policy.tightening import over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.policy.model import Layer, Policy

_BESIDE = ("boundary.use", "boundary.minimum", "boundary.accept")
_LEFT_OUT = (
    "origin", "notes", "lifted", "boundary_use", "boundary_minimum", "accept", "prove_require", "prove_at_start",
)  # fmt: skip
_UNORDERED = frozenset(
    """
    mask read pass_variables set_variables allow deny publish limits hazards_add hazards_allow
    credentials canaries hosts methods paths variables
    """.split()  # noqa: SIM905 - a table
)
_OF_PROVING = ("prove.", *_BESIDE)


def policy_hash(policy: Policy, home: str, repository: str) -> str:
    """SHA-256 in hexadecimal. The two paths, of which the policy may name some below, are replaced by placeholders."""
    return canonical.digest(_counted(policy, home, repository))


def of_files(layers: Iterable[Layer], *, trusted: bool, home: str, repository: str) -> str:
    """The hash of what these layers say, without those of the command line and of a scan."""
    files = [layer for layer in layers if layer.kind not in ("flag", "machine")]
    return policy_hash(merge(files, trusted=trusted), home, repository)


def beyond(layers: Iterable[Layer], flags: Layer | None, *, trusted: bool) -> tuple[str, ...]:
    """What the flags loosen, so that a proof of the files does not cover it: each with the flag's name."""
    if flags is None:
        return ()
    bounds = effective(layers, trusted=trusted)
    asked = (setting for setting in flags.settings if not setting.key.startswith(_OF_PROVING))
    return tuple(f"{found.origin.where}: {found.brief()}" for setting in asked for found, _ in over(setting, bounds))


def _counted(policy: Policy, home: str, repository: str) -> object:
    # What the floor says of the network binds an agent's profile too.
    data = {**as_data(policy), "bounded": [key for key in policy.bounded if key.startswith("network.")]}
    places = canonical.places(home, repository)
    return canonical.placed(data, places, left_out=_LEFT_OUT, unordered=_UNORDERED)
