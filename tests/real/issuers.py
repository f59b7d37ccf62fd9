"""Who gives tokens to agents that log in, and the models behind them, as one person's host in the tests sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.real.internet import Resident
from tests.real.support import quietly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Person
    from tests.real.internet import Internet

ROOT = Path(__file__).parents[2]
NEAR, ADDRESS = "2d0e::1", "2d0e::2"
# A pair of interfaces between the person's host and the network of the process $1.
CONNECT = """
ip link add "near$1" type veth peer name there netns "$1"
ip address add "$2/64" dev "near$1" nodad
ip link set "near$1" up
nsenter --target "$1" --net -- sh -ec 'ip link set lo up; ip address add "$1/64" dev there nodad; ip link set there up' sh "$3"
"""
NAMES = ("auth.openai.com", "chatgpt.com", "api.anthropic.com", "platform.claude.com")


@dataclass
class Issuers:
    """What answers at the names of the issuers and of their models."""

    resident: Resident
    seen: Path
    steps: Path

    def script(self, *steps: dict[str, Any]) -> None:
        self.steps.write_text(json.dumps(steps))

    def lasting(self, seconds: int) -> None:
        Path(f"{self.steps}.lasts").write_text(str(seconds))

    def asked(self, end: str) -> list[dict[str, Any]]:
        """The requests whose path ends so, in order."""
        lines = [json.loads(line) for line in self.seen.read_text().splitlines()]
        return [line for line in lines if line["path"].partition("?")[0].endswith(end)]

    def bearers(self, end: str) -> list[str]:
        return [entry["headers"].get("authorization", "").removeprefix("Bearer ") for entry in self.asked(end)]


@contextmanager
def serving(internet: Internet, resident: Resident, agents_home: Path, tmp_path: Path) -> Iterator[Issuers]:
    """The services, on the host of somebody who has the agents on their PATH."""
    place = internet.directory
    (place / "hosts").write_text(
        "127.0.0.1 localhost\n" + "".join(f"{ADDRESS} {name}\n" for name in NAMES)
    )  # in its place: it is mounted
    leaf = ("-CA", "authority.pem", "-CAkey", "authority.key", "-out", "own.pem", "-keyout", "own.key")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=services")
    names = ("-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in NAMES))
    usage = ("-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
    quietly("openssl", "req", "-x509", *curve, *names, *usage, *leaf, cwd=place)
    seen, steps = tmp_path / "seen.jsonl", tmp_path / "steps.json"
    seen.touch()
    steps.write_text("[]")
    given = (ADDRESS, place / "own.pem", place / "own.key", seen, steps)
    argv = resident.host(
        *("unshare", "--net", "sh", "-c", 'echo $$; read go; exec "$@"', "sh"),
        *(sys.executable, "-m", "tests.real.subscriptions", *map(str, given)),
        administrator=True,
    )
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdin is not None
            assert server.stdout is not None
            resident.administer(CONNECT, server.stdout.readline().strip(), NEAR, ADDRESS)
            server.stdin.write("go\n")
            server.stdin.flush()
            assert server.stdout.readline() == "ready\n"
            path = f"{agents_home}/.local/bin:/usr/local/bin:/usr/bin:/bin"
            one = Resident(resident.home, {**resident.extra, "PATH": path}, resident.keeper)
            yield Issuers(one, seen, steps)
        finally:
            server.terminate()


def kept(person: Person, path: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((person.home / f".local/state/paddock/logins/{path}.json").read_text())
    return data


def files_with(directory: Path, *words: str) -> list[str]:
    """Files below a directory that hold one of these texts."""
    found = []
    for top, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(top, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    content = file.read()
                found += [path for word in words if word.encode() in content]
    return found
