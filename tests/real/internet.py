"""A small internet of the tests' own: names, addresses, an authority, and services that a person can reach by name.

Paddock itself runs in it, as anybody calls it: only the host around it is made. Two network namespaces with a pair of
interfaces between them, and an /etc/hosts of their own:

    paddock run --allow api.example.test …  ──near──  2d0f::1 ═══ 2d0f::2  ──far──  services.py

Nothing of it exists for other processes, no privilege is needed for it, and no name leaves the machine. The addresses
are of a block that belongs to nobody on the real one, and is public: rules need no `private = true`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests import capabilities
from tests.conftest import Person
from tests.real.support import quietly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NEAR, FAR = "2d0f::1", "2d0f::2"
API, ELSEWHERE, CRATES, MODERN = (f"{name}.example.test" for name in ("api", "elsewhere", "crates", "modern"))
NAMES = (API, ELSEWHERE, CRATES, MODERN, "a.wild.example.test", "b.wild.example.test")

# What holds the namespaces; all of it ends with its input. $1 hosts, $2 the services' certificate, $3 its key,
# $4 repositories, $5 what was seen, $6 the pipe for the services' first word, $7 the directory of the services.
_KEEPER = f"""
ENDING="setpriv --pdeathsig KILL"
mount --bind "$1" /etc/hosts
ip link set lo up
unshare --net $ENDING "$PYTHON" -I "$7/services.py" "$2" "$3" "$4" "$5" </dev/null >"$6" &
far=$!
read -r ready <"$6"
ip link add near type veth peer name far netns $far
ip address add {NEAR}/64 dev near nodad
ip link set near up
nsenter --target $far --net -- sh -ec '
  ip link set lo up
  ip address add {FAR}/64 dev far nodad
  ip link set far up'
if command -v node >/dev/null; then
  nsenter --target $far --net -- $ENDING node "$7/modern.mjs" "$2" "$3" </dev/null >"$6" &
  read -r ready <"$6"
fi
echo ready
exec cat >/dev/null
"""
# Into the namespaces with the directory of the caller, and as the user that they were before.
_ENTER = 'here=$(pwd -P); keeper=$1; shift; exec nsenter --target "$keeper" {join} -- {back} env --chdir="$here" "$@"'


@dataclass(frozen=True)
class Resident(Person):
    """A person whose host is in the internet of the tests."""

    keeper: int = 0

    def argv(self, *arguments: str) -> list[str]:
        return self.host(sys.executable, "-m", "paddock", *arguments)

    def host(self, *argv: str, administrator: bool = False) -> list[str]:
        """The command line that runs a program on this person's host, with no sandbox."""
        join, back = "--mount --net", ""
        if not capabilities.IS_ROOT:
            join = f"--user --preserve-credentials {join}"
            back = "" if administrator else f"unshare --user --map-user={os.getuid()} --map-group={os.getgid()} --"
        return ["sh", "-c", _ENTER.format(join=join, back=back), "sh", str(self.keeper), *argv]

    def administer(self, script: str, *arguments: str) -> None:
        """Run a shell script as this host's administrator, who can do nothing to the real one."""
        argv = self.host("sh", "-ec", script, "sh", *arguments, administrator=True)
        subprocess.run(argv, cwd=self.home, check=True, stdin=subprocess.DEVNULL)


class Internet:
    """The namespaces, the authority and the services."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.seen = directory / "seen.jsonl"
        self.repositories = directory / "repositories"
        self.authority = directory / "authority.pem"
        self.repositories.mkdir()
        self.seen.touch()
        self._certify()
        pipe, hosts = directory / "pipe", directory / "hosts"
        os.mkfifo(pipe)
        lines = [f"{FAR} {name}" for name in NAMES]
        hosts.write_text("127.0.0.1 localhost\n" + "\n".join(lines) + "\n")
        given = (hosts, directory / "leaf.pem", directory / "leaf.key", self.repositories, self.seen, pipe)
        own = ("--user", "--map-root-user") if not capabilities.IS_ROOT else ()
        self._keeper = subprocess.Popen(
            [
                *("unshare", *own, "--mount", "--net", "sh", "-ec", _KEEPER, "sh"),
                *(*map(str, given), os.path.dirname(os.path.abspath(__file__))),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PYTHON": sys.executable},
            text=True,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == "ready\n"

    def _certify(self) -> None:
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
        ours = ("-subj", "/CN=An authority of the tests", "-addext", "keyUsage=critical,keyCertSign")
        names = ",".join(f"DNS:{name}" for name in NAMES)
        leaf = ("-subj", "/CN=services", "-addext", f"subjectAltName={names}")
        usage = ("-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
        place = ("-out", "authority.pem", "-keyout", "authority.key")
        quietly("openssl", "req", "-x509", *curve, *ours, *place, cwd=self.directory)
        signed = ("-CA", "authority.pem", "-CAkey", "authority.key", "-out", "leaf.pem", "-keyout", "leaf.key")
        quietly("openssl", "req", "-x509", *curve, *leaf, *usage, *signed, cwd=self.directory)

    def resident(self, person: Person) -> Resident:
        """The same person on a host in this internet, which trusts its authority as an organisation sets that up."""
        return Resident(person.home, {**person.extra, **self.trust()}, self._keeper.pid)

    def trust(self) -> dict[str, str]:
        """The variables by which clients are told of an authority; Paddock passes them on and shows the file."""
        names = (
            "SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE",
            "CARGO_HTTP_CAINFO",
        )  # fmt: skip
        return dict.fromkeys(names, str(self.authority))

    def requests(self, name: str = "") -> list[dict[str, Any]]:
        """What the services were asked, by this name or by any, since the last `forget`."""
        lines: list[dict[str, Any]] = [json.loads(line) for line in self.seen.read_text("ascii").splitlines()]
        return [line for line in lines if not name or line["name"] == name]

    def forget(self) -> None:
        """Forget what was asked."""
        os.truncate(self.seen, 0)

    def close(self) -> None:
        """End all of it."""
        self._keeper.communicate()

    def repository(self, name: str, files: dict[str, str], environ: dict[str, str]) -> None:
        """A bare repository at https://…/git/NAME.git, made of these files."""
        work = self.directory / f"{name}.work"
        for path, content in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(content)
        identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
        steps: Sequence[Sequence[str]] = (
            ("init", "-q", "-b", "main"), ("add", "."), (*identity, "commit", "-q", "-m", "first"),
            ("clone", "-q", "--bare", ".", str(self.repositories / f"{name}.git")),
        )  # fmt: skip
        for step in steps:
            quietly("git", *step, cwd=work, environ=environ)
