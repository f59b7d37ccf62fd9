"""A policy of the probe's own that binds a secret to one service, with two others allowed beside it."""

from __future__ import annotations

import os
from contextlib import ExitStack

from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios import thieves
from paddock.probes.scenarios.echo import Echo
from paddock.probes.scenarios.own_policy import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.scenarios.scene import Scene

_POLICY = """
[workspace]
canaries = {canaries}
[network]
mode = "allow"
allow = [{{ host = "host", port = {other}, raw = false }}, {{ host = "host", port = {third}, raw = false }}]
[credentials.probe]
source = "env:GITHUB_TOKEN"
variables = ["GITHUB_TOKEN"]
hosts = ["host:{bound}"]
"""
_LARGEST_BYTES = 4 << 20


class Bound:
    """The services, and the place where they are; open until the end of `with`.

    In the control the variable holds the secret itself, since there is nothing that would keep it outside. `with`
    raises NotApplicable where the sandbox is not Paddock's.
    """

    def __init__(self, scene: Scene, canaries: str = "[]") -> None:
        self.scene = scene
        self.secret = scene.ground.secret
        self.place = "127.0.0.1" if scene.bare else "host"
        self._canaries = canaries
        self._open = ExitStack()

    def __enter__(self) -> Bound:  # noqa: PYI034 - typing.Self would have to be imported
        with ExitStack() as opened:
            self.bound, self.other, self.third = (opened.enter_context(Echo()) for _ in range(3))
            ports = {"bound": self.bound.port, "other": self.other.port, "third": self.third.port}
            put(self.scene, _POLICY.format(canaries=self._canaries, **ports))
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def requests(self, *sent: tuple[Echo, tuple[str, ...]]) -> tuple[str, str]:
        """What SEND is told. BOUND and HERE in a request are the bound service and the one that is asked."""
        import json

        bound = f"{self.place}:{self.bound.port}"
        texts = [
            (
                service.port,
                [text.replace("BOUND", bound).replace("HERE", f"{self.place}:{service.port}") for text in it],
            )
            for service, it in sent
        ]
        return self.place, json.dumps(texts)

    def python(self, program: str, *words: str, until: str = thieves.ENDED) -> str:
        """What a program of Python's says. Raises Skipped where `until` is not in it: it did not come that far."""
        return self._run(("python3", "-c", f"{program}\nprint({thieves.ENDED!r})", *words), until)

    def shell(self, script: str) -> str:
        """The same of a script for the shell."""
        return self._run(("sh", "-c", f"{script}\necho {thieves.ENDED}"), thieves.ENDED)

    def _run(self, command: tuple[str, ...], until: str) -> str:
        done = self.scene.run("/usr/bin/env", *command)
        said = done.stdout.decode(errors="replace")
        if until not in said:
            why = done.stderr.decode(errors="replace").strip().split("\n")[0]
            raise Skipped(f"there was no such run here: {why or f'it ended with {done.status}'}")
        return said

    def left(self) -> Iterator[str]:
        """The files of the made-up person's that hold the secret: repository, home, state, runtime directory."""
        for directory, _, names in os.walk(self.scene.ground.base):
            for name in names:
                path = os.path.join(directory, name)
                if os.path.isfile(path) and self.secret.encode() in _content(path):
                    yield path


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST_BYTES)
    except OSError:
        return b""
