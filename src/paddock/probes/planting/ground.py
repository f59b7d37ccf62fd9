"""A made-up person's machine to attack: a home, a repository, and whatever the areas plant in and around them.

Everything is random for each run, and nothing of the real person is in it. The areas (`files`, `sockets`, `victim`,
`streams`) plant before a run and say afterwards what the host saw, whatever the attacker printed.
"""

from __future__ import annotations

import os

from paddock import pausing
from paddock.kernel import syscalls
from paddock.probes.planting.place import HOME, RUNTIME
from paddock.unwinding import Unwinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from paddock.probes.planting.agent import Agent
    from paddock.probes.planting.sockets import Listeners
    from paddock.process import Started

_CONFIG, _STATE = ".config", ".local/state"


class Ground:
    """The places, and what the attacker is told about them (`given`). Everything planted is gone after `with`.

    `policy` is the person's policy file, which holds for every sandbox that is started here. A `bare` ground has files
    only: no listeners, and no second process. A `small` one is bare, has no other files than scenarios look at, and is
    planted when somebody first asks for its home or its repository: there are about a hundred of them in a proof, and
    some attacks mean nothing under its policy.
    """

    def __init__(self, base: str, policy: bytes = b"", *, bare: bool = False, small: bool = False) -> None:
        import secrets

        self.base = base
        self._home, self._repo = f"{base}/{HOME}", f"{base}/work/repo"
        self._is_planted = False
        self.policy = policy
        self.bare = bare or small
        self.small = small
        self.mark = secrets.token_hex(8)
        self.engine: dict[str, str] = {}  # where the real one is, for a person who has a home of their own
        self.canaries: list[str] = []
        self.undo = Unwinding()
        self.pack = ""
        self.agent: Agent
        self.listeners: Listeners
        self.victim: Started
        self.secret = self.canary()
        machine = os.uname().machine
        numbers = {name: syscalls.number(name, machine) for name in syscalls.names()}
        self.given: dict[str, Any] = {
            "home": self._home,
            "repo": self._repo,
            "word": f"paddock-{secrets.token_hex(8)}",
            "nodename": os.uname().nodename,
            "numbers": {name: number for name, number in numbers.items() if number is not None},
        }

    @property
    def home(self) -> str:
        """The made-up person's home directory. May raise what planting it raises."""
        self._plant()
        return self._home

    @property
    def repo(self) -> str:
        """Their repository."""
        self._plant()
        return self._repo

    @property
    def environ(self) -> dict[str, str]:
        """What the made-up person's shell has: their places, and secrets and handles that no sandbox should see."""
        return {
            "HOME": self.home,
            "XDG_STATE_HOME": f"{self.home}/{_STATE}",
            "XDG_CONFIG_HOME": f"{self.home}/{_CONFIG}",
            "XDG_RUNTIME_DIR": f"{self.home}/{RUNTIME}",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "GIT_CONFIG_NOSYSTEM": "1",
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "GITHUB_TOKEN": self.secret,
            "MY_SETTING": self.secret,
            "SSH_AUTH_SOCK": f"{self.home}/ssh-agent.sock",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.home}/bus",
            "DISPLAY": ":0",
            "DOCKER_HOST": "unix:///run/docker.sock",
            "GIT_ASKPASS": "/usr/bin/true",
            **self.engine,
        }

    def canary(self) -> str:
        """A new secret, known by its hash alone to whoever attacks."""
        import secrets

        made = f"canary-{secrets.token_hex(16)}"
        self.canaries.append(made)
        return made

    def write(self, path: str) -> str:
        """A new file with a canary in it; its path."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{self.canary()}\n")
        return path

    def __enter__(self) -> Ground:  # noqa: PYI034 - typing.Self would have to be imported
        with Unwinding() as undo:
            self.undo = undo
            if not self.small:
                self._plant()
            self.undo = undo.keep()
        return self

    def __exit__(self, *_: object) -> None:
        self.undo.__exit__()

    def _plant(self) -> None:
        if self._is_planted:
            return
        from paddock.probes.planting import agent, engine, files, machine, sockets, victim

        self._is_planted = True
        self.undo.callback(pausing.end, f"{self.home}/{RUNTIME}")
        for part in (RUNTIME, _CONFIG, f"{_STATE}/paddock"):
            os.makedirs(f"{self.home}/{part}", mode=0o700)
        os.chmod(f"{self.home}/{RUNTIME}", 0o700)
        os.makedirs(self.repo)
        files.plant(self)
        if not self.small:
            engine.plant(self)
        if not self.bare:
            agent.plant(self)
            sockets.plant(self)
            victim.plant(self)
            machine.plant(self)

    def tell(self) -> Mapping[str, Any]:
        """What goes to the attacker: no canary, only their hashes."""
        import hashlib

        return {**self.given, "hashes": [hashlib.sha256(canary.encode()).hexdigest() for canary in self.canaries]}
