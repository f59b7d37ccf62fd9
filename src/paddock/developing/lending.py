"""What of this machine's variables the files of a dev container may put in.

`${localEnv:NAME}`, and `${NAME}` in a compose file, take a variable of the caller's under any name to any place: to
another variable, a set-up command, a path, from the label of an image too. INVARIANT CR-21: nothing passes because it
was not thought of. So they see what every sandbox gets, what the policy passes, and where this person is; and no name
of a secret, for which [credentials] has a placeholder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from paddock import sources, state
from paddock.plan import environment
from paddock.planning import find_repository
from paddock.policy.credentials import is_secret_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.policy.model import Layer

_OF_THE_PERSON = frozenset(("HOME", "LOGNAME", "PWD", "USER", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME"))


class Lent(Mapping[str, str]):
    """The variables that may be put in. `withheld` are the others of this machine that were asked for."""

    def __init__(self, environ: Mapping[str, str], passed: Sequence[str] = ()) -> None:
        """`passed` are names and patterns of the policy's `environment.pass`."""
        self._environ = environ
        self._passed = passed
        self.withheld: set[str] = set()

    def _may_have(self, name: str) -> bool:
        if is_secret_name(name):
            return False
        known = name in environment.PASSED or name in _OF_THE_PERSON
        return known or any(environment.is_meant(name, wanted) for wanted in self._passed)

    def __getitem__(self, name: str) -> str:
        """The value. Raises KeyError also where it is withheld."""
        value = self._environ[name]
        if not self._may_have(name):
            self.withheld.add(name)
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        """The names that may be put in."""
        return filter(self._may_have, self._environ)

    def __len__(self) -> int:
        """How many these are."""
        return sum(1 for _ in self)


def lent(directory: str, flags: Layer | None, environ: Mapping[str, str] = os.environ) -> Lent:
    """What the policy of a directory's repository lends of `environ`. Raises PolicyError."""
    repository = find_repository(os.path.realpath(directory), state.home(environ))
    found = sources.gather(repository, environ)
    policy = sources.merged(found, flags, trusted=found.is_trusted(environ))
    return Lent(environ, [entry.value for entry in policy.pass_variables])
