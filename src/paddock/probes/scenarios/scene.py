"""What a scenario gets: a ground of its own, and a way to start commands under the sandbox that is judged."""

from __future__ import annotations

import os
import select
import time
from contextlib import contextmanager

from paddock import process
from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from paddock.plan.model import Plan
    from paddock.probes.planting.ground import Ground
    from paddock.process import Finished, Started

    Finding = Sequence[str] | Exception
    Findings = Mapping[str, Finding]
    Scenario = Callable[["Scene"], Sequence[str] | Findings]

_SHELL = "/bin/sh"
# `exec`, so that the process that we know is the sandbox's own. What it complains of is nobody's business here.
_QUIETLY = (_SHELL, "-c", 'exec "$@" 2>/dev/null', "sh")
_ENDED = "the script came to its end"
# Some sandboxes take no longer words (firejail: MAX_ARG_LEN); a script that is longer is a file meanwhile.
_LONGEST_WORD = 4000
_SCRIPT = "probes-script"
_ENGINES = frozenset(["podman", "gvisor"])
_PATIENCE_S = 60  # for a command to its end, on a busy machine; an engine takes as long as that to begin with
_LONG_S = 60  # for a sandbox to start
_ENGINES_S = 120  # for an engine's command to its end


def by_engine(plan: Plan) -> bool:
    """Whether a sandbox for a plan is made by a container engine."""
    return bool(plan.image or {plan.boundary.use, plan.boundary.minimum} & _ENGINES)


class NotApplicable(Exception):
    """The scenario means nothing here. Says why."""


class Scene:
    """One scenario's place. `prefix` is the sandbox's command line before a command, empty for none.

    `paddock` is how Paddock's own commands are called, `plan` the plan and `gaps` what of it was accepted, where it is
    Paddock that is judged.
    """

    def __init__(
        self,
        ground: Ground,
        prefix: Sequence[str],
        paddock: Sequence[str] = (),
        plan: Plan | None = None,
        gaps: Sequence[str] = (),
    ) -> None:
        self.ground = ground
        self.prefix = tuple(prefix)
        self.paddock = tuple(paddock)
        self.plan = plan
        self.gaps = tuple(gaps)

    @property
    def bare(self) -> bool:
        """Whether there is no sandbox: the control."""
        return not self.prefix

    @property
    def witnesses(self) -> str:
        """A directory outside of the repository. What shows up in it was done by the host, or without a sandbox."""
        made = f"{self.ground.base}/witnesses"
        os.makedirs(made, exist_ok=True)
        return made

    def under(self, command: Sequence[str], flags: Sequence[str] = ()) -> tuple[str, ...]:
        """The whole command line. Raises NotApplicable where another sandbox should take flags of Paddock's."""
        if not flags:
            return (*self.prefix, *command)
        if not self.paddock:
            raise NotApplicable("about Paddock's own options")
        return (*self.prefix[:-1], *flags, self.prefix[-1], *command)  # before its "--"

    def run(
        self, *command: str, flags: Sequence[str] = (), timeout_s: float = 0, through: Sequence[str] = ()
    ) -> Finished:
        """A command under the sandbox, to its end, in the repository of the ground.

        `through` are words before the sandbox's.
        """
        return self.host(*through, *self.under(command, flags), timeout_s=timeout_s)

    def play(self, script: str, *words: str, flags: Sequence[str] = (), through: Sequence[str] = ()) -> str:
        """The same with a script for the shell, and what it said.

        Raises PaddockError unless the script comes to its end: a sandbox in which nothing ran has held nothing.
        """
        whole = f"{script}\necho {_ENDED}"
        if len(whole) <= _LONGEST_WORD:
            done = self.run(_SHELL, "-c", whole, "sh", *words, flags=flags, through=through)
        else:
            with self._written(whole):
                done = self.run(_SHELL, _SCRIPT, *words, flags=flags, through=through)
        said = done.stdout.decode(errors="replace")
        if not said.endswith(f"{_ENDED}\n"):
            why = done.stderr.decode(errors="replace").strip()[-300:]
            raise PaddockError(f"the sandbox did not run the script: {why or f'it ended with {done.status}'}")
        return said.removesuffix(f"{_ENDED}\n")

    @contextmanager
    def _written(self, script: str) -> Iterator[None]:
        """In the repository, since every sandbox shows that."""
        path = f"{self.ground.repo}/{_SCRIPT}"
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(script)
        try:
            yield
        finally:
            os.unlink(path)

    def start(self, *command: str, word: str = "", flags: Sequence[str] = (), through: Sequence[str] = ()) -> Started:
        """A command under the sandbox, beside us; ended with the ground at the latest.

        `through` are words before the sandbox's. Comes back when the command has said `word`, in a line of its own;
        raises PaddockError where it does not.
        """
        argv = (*_QUIETLY, *through, *self.under(command, flags))
        started = process.start(argv, environment=self.ground.environ, cwd=self.ground.repo)
        self.ground.undo.callback(started.end, 0)
        if word:
            _await(started, word.encode())
        return started

    def host(self, *command: str, cwd: str = "", timeout_s: float = 0) -> Finished:
        """A command of the made-up person's own, without a sandbox. It has as long as the sandbox needs."""
        place = cwd or self.ground.repo
        patience_s = timeout_s or (_ENGINES_S if self.plan and by_engine(self.plan) else _PATIENCE_S)
        return process.run(command, environment=self.ground.environ, cwd=place, timeout_s=patience_s)

    def call(self, *arguments: str, timeout_s: float = 0) -> Finished:
        """`paddock ARGUMENTS` as the made-up person. Raises NotApplicable where another sandbox is judged."""
        if not self.paddock:
            raise NotApplicable("about Paddock's own commands")
        return self.host(*self.paddock, *arguments, timeout_s=timeout_s)

    def ask(self, *arguments: str) -> dict[str, Any]:
        """What such a command says with --json. Raises PaddockError where that is an error."""
        import json

        done = self.call(*arguments, "--json")
        said = json.loads(done.stdout or b"{}")
        if not said or "error" in said:
            why = said.get("error", {}).get("what") or done.stderr.decode(errors="replace").strip()[-300:]
            raise PaddockError(f"paddock {arguments[0]} failed: {why}")
        return dict(said)


SCENARIOS: dict[str, Scenario] = {}


def scenario(*names: str) -> Callable[[Scenario], Scenario]:
    """Register a scenario under the ids and names of its rows, as the catalogue spells them.

    With one row it gives back what broke the promise, each as a short text; for kind "work", what did not work. With
    several it gives that back for each by name; a row that it leaves out has no answer. In the place of these texts, or
    raised for all rows, NotApplicable and `paddock.probes.inside.effects.Skipped` say why there are none.
    """

    def register(function: Scenario) -> Scenario:
        for name in names:
            if name in SCENARIOS:
                raise ValueError(name)
            SCENARIOS[name] = function
        return function

    return register


def _await(started: Started, word: bytes, timeout_s: float = _LONG_S) -> None:
    """Read until that line, which a sandbox that does not start never says."""
    deadline = time.monotonic() + timeout_s
    said = b""
    while word not in said.splitlines():
        left = deadline - time.monotonic()
        if left <= 0 or started.wait(0) is not None:
            said += started.read_waiting()
            if word in said.splitlines():
                return
            raise PaddockError(f"the sandbox did not run the command: {said[-300:].decode(errors='replace')}")
        said += started.read_waiting() or _pause()


def _pause() -> bytes:
    select.select([], [], [], 0.01)
    return b""
