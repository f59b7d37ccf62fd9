"""A policy of the probe's own that binds a secret to one service, with two others allowed beside it.

A fourth one takes requests that are signed with an access key, as AWS has them.
"""

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
[credentials.signing]
source = "file:{keys}"
shape = "sigv4"
hosts = ["host:{signed}"]
"""
_KEY_ID = "AKIDEXAMPLE"
_LARGEST_BYTES = 4 << 20


class Bound:
    """The services, and the place where they are; open until the end of `with`.

    In the control the variable holds the secret itself, since there is nothing that would keep it outside. `with`
    raises NotApplicable where the sandbox is not Paddock's.
    """

    def __init__(self, scene: Scene, canaries: str = "[]") -> None:
        self.scene = scene
        self.secret = scene.ground.secret
        self.key_id, self.key, self.session_token = _KEY_ID, scene.ground.canary(), scene.ground.canary()
        self.place = "127.0.0.1" if scene.bare else "host"
        self._canaries = canaries
        self._open = ExitStack()

    def __enter__(self) -> Bound:  # noqa: PYI034 - typing.Self would have to be imported
        with ExitStack() as opened:
            self.bound, self.other, self.third, self.signed = (opened.enter_context(Echo()) for _ in range(4))
            ports = {name: getattr(self, name).port for name in ("bound", "other", "third", "signed")}
            put(self.scene, _POLICY.format(canaries=self._canaries, keys=self._keys(), **ports))
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _keys(self) -> str:
        """A new file with the access key."""
        path = f"{self.scene.ground.home}/.signing-keys"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(f"{self.key_id}:{self.key}:{self.session_token}")
        return path

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

    def shell(self, script: str, *words: str) -> str:
        """The same of a script for the shell."""
        return self._run(("sh", "-c", f"{script}\necho {thieves.ENDED}", "sh", *words), thieves.ENDED)

    def _run(self, command: tuple[str, ...], until: str) -> str:
        done = self.scene.run("/usr/bin/env", *self._variables(), *command)
        said = done.stdout.decode(errors="replace")
        if until not in said:
            why = done.stderr.decode(errors="replace").strip().split("\n")[0]
            raise Skipped(f"there was no such run here: {why or f'it ended with {done.status}'}")
        return said

    def _variables(self) -> Iterator[str]:
        """What the access key's variables hold where no policy sets them."""
        if self.scene.bare:
            yield f"AWS_ACCESS_KEY_ID={self.key_id}"
            yield f"AWS_SECRET_ACCESS_KEY={self.key}"
            yield f"AWS_SESSION_TOKEN={self.session_token}"

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
