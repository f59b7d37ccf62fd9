"""A credential of the plan with its secret and the placeholder that stands for it inside.

INVARIANT CR-21: a `Brokered` lives in Paddock's processes outside and nowhere else. What enters the sandbox is
`variables` alone; what is described, logged or raised never holds a secret, and `repr` does not show it.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Credential

SIGV4 = "sigv4"
SHORTEST = 8  # characters; a shorter secret would be found by chance in what goes out


class Secret(str):
    """A text that shows itself only where it is used as text: not in a repr, so not in a traceback's values."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


@frozen
class Brokered:
    """What the gateway swaps: `placeholder` for `secret`, towards `credential.bound` only.

    For the shape "sigv4" both are of the form "ID:KEY" or "ID:KEY:TOKEN" (access key id, secret access key, session
    token); `parts` takes them apart.
    """

    credential: Credential
    placeholder: str
    secret: Secret

    def variables(self) -> dict[str, str]:
        """What the environment inside holds: placeholders only.

        Of "sigv4", the variables get id, key and token in this order.
        """
        names = self.credential.variables
        if self.credential.shape == SIGV4:
            return dict(zip(names, parts(self.placeholder), strict=False))
        return dict.fromkeys(names, self.placeholder)


def parts(text: str) -> tuple[str, ...]:
    """Access key id, secret access key and perhaps session token of a "sigv4" secret or placeholder."""
    return tuple(text.split(":", 2))


def variables(brokered: tuple[Brokered, ...]) -> dict[str, str]:
    """The variables of all, for the environment inside."""
    return {name: value for each in brokered for name, value in each.variables().items()}
