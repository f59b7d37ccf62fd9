"""What a scenario gets: a ground of its own, and a way to start commands under the sandbox that is judged."""

from __future__ import annotations

from paddock import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paddock.probes.planting.ground import Ground
    from paddock.process import Finished, Started

    Scenario = Callable[["Scene"], "Sequence[str]"]


class NotApplicable(Exception):
    """The scenario means nothing here. Says why."""


class Scene:
    """One scenario's place. `prefix` is the sandbox's command line before a command, empty for none."""

    def __init__(self, ground: Ground, prefix: Sequence[str], paddock: Sequence[str] = ()) -> None:
        self.ground = ground
        self.prefix = tuple(prefix)
        self.paddock = tuple(paddock)

    def run(self, *command: str, timeout_s: float = 20) -> Finished:
        """A command under the sandbox, to its end, in the repository of the ground."""
        argv = (*self.prefix, *command)
        return process.run(argv, environment=self.ground.environ, cwd=self.ground.repo, timeout_s=timeout_s)

    def start(self, *command: str) -> Started:
        """A command under the sandbox, beside us; ended with the ground at the latest."""
        started = process.start((*self.prefix, *command), environment=self.ground.environ, cwd=self.ground.repo)
        self.ground.undo.callback(started.end)
        return started

    def call(self, *arguments: str, timeout_s: float = 20) -> Finished:
        """`paddock ARGUMENTS` as the made-up person. Raises NotApplicable where another sandbox is judged."""
        if not self.paddock:
            raise NotApplicable("about Paddock's own commands")
        argv = (*self.paddock, *arguments)
        return process.run(argv, environment=self.ground.environ, cwd=self.ground.repo, timeout_s=timeout_s)


SCENARIOS: dict[str, Scenario] = {}


def scenario(name: str) -> Callable[[Scenario], Scenario]:
    """Register a scenario under its id and name, as the catalogue spells them.

    It gives back what broke the promise, each as a short text; for kind "work", what did not work. It may raise
    NotApplicable, or `paddock.probes.inside.effects.Skipped` where something that it needs is missing.
    """

    def register(function: Scenario) -> Scenario:
        if name in SCENARIOS:
            raise ValueError(name)
        SCENARIOS[name] = function
        return function

    return register
