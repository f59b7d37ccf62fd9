"""A host to attack: secrets, sockets, processes and files, planted at random, and the judge of what was reached."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import secrets
import select
import shutil
import socket
import stat
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from paddock.kernel import syscalls
from tests.attacks import files, network
from tests.conftest import Person
from tests.real.support import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

TESTS = Path(__file__).parent.parent
PYTHON = "/usr/bin/python3"
libc = ctypes.CDLL(None, use_errno=True)
MACHINE = platform.machine()
NUMBERS = {name: syscalls.number(name, MACHINE) for name in syscalls.names()}
NUMBERS["clone"] = {"x86_64": 56, "aarch64": 220}[MACHINE]
# A process of the host: its arguments, its environment and its memory each hold a canary, and it hears a signal.
VICTIM = """
import ctypes, os, signal, sys
memory = ctypes.create_string_buffer(sys.stdin.readline().strip().encode())
signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b"signalled"))
print(ctypes.addressof(memory), flush=True)
while True:
    signal.pause()
"""


class World:
    """Everything is planted when it is made and gone after `with`. `run` attacks it, `reached` judges."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.canaries: list[str] = []
        self.listeners: dict[str, socket.socket] = {}
        self.given: dict[str, Any] = {
            "numbers": {name: number for name, number in NUMBERS.items() if number is not None}
        }
        self.undo = ExitStack()
        self.mark = secrets.token_hex(8)
        home = base / "home"
        for part in ("runtime", ".config", ".local/state/paddock"):
            (home / part).mkdir(parents=True, mode=0o700)
        (home / "runtime").chmod(0o700)
        self.repo = base / "work/repo"
        self.repo.mkdir(parents=True)
        self.secret = self.canary()
        self.person = Person(home, {
            "AWS_SECRET_ACCESS_KEY": self.secret, "GITHUB_TOKEN": self.secret, "MY_SETTING": self.secret,
            "SSH_AUTH_SOCK": str(home / "agent.sock"), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/bus",
            "DISPLAY": ":0", "DOCKER_HOST": "unix:///run/docker.sock", "GIT_ASKPASS": "/usr/bin/true",
        })  # fmt: skip

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self._plant_files()
            self._plant_sockets()
            self._plant_memory()
            self._plant_process()
            undo.push(self.undo)
            self.undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.undo.close()

    def canary(self) -> str:
        """A new secret, known by its hash alone to whoever attacks."""
        made = f"canary-{secrets.token_hex(16)}"
        self.canaries.append(made)
        return made

    # Planting

    def _write(self, path: Path) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.canary() + "\n")
        return str(path)

    def _plant_files(self) -> None:
        home, repo = self.person.home, self.repo
        planted = [self._write(home / path) for path in files.SECRETS.values()]
        planted += [str(home / name.split("/")[0]) for name in files.SECRETS.values()]
        self._write(repo.parent / "other/.env")
        self._write(repo.parent / "other/notes")
        self._write(repo.with_name("repo-evil") / "secret")
        for name in files.MASKED:
            self._write(repo / name)
        (home / "outside").mkdir()
        (repo / "hello.txt").write_text("hello\n")
        os.symlink(home, repo / "link-to-home")
        os.symlink("/", repo / "link-to-root")
        os.symlink(home / ".ssh/id_canary", repo / "link-to-secret")
        (home / "other-name").write_text("not yours\n")
        os.link(home / "other-name", repo / "shared-name")
        places = {"tmp": "/tmp", "var tmp": "/var/tmp", "shm": "/dev/shm"}
        for name, directory in places.items():
            self.given[name] = self._write(Path(directory) / f"paddock-probe-{self.mark}")
            self.undo.callback(os.unlink, self.given[name])
        own = [
            home / ".config/paddock/policy.toml",
            home / ".local/state/paddock/trust",
            home / "runtime/paddock/live/x",
        ]
        self.given |= {
            "planted": planted,
            "outside": str(home / "outside"),
            "own files": [self._write(path) for path in own],
        }
        for directory in ("paddock", "paddock/live"):
            (home / "runtime" / directory).chmod(0o700)
        own[0].write_text(f"# {self.canaries[-1]}\n")
        shutil.copytree(
            TESTS / "attacks", repo / "tests/attacks", ignore=shutil.ignore_patterns("__pycache__", "world.py")
        )
        environ = {**self.person.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
        for words in (("init", "-q", "-b", "main"), ("add", "."), (*identity, "commit", "-q", "-m", "first")):
            subprocess.run(["git", *words], cwd=repo, env=environ, check=True, capture_output=True)

    def _listen(self, name: str, family: int, kind: int, address: Any) -> socket.socket:
        listener = socket.socket(family, kind)
        self.undo.callback(listener.close)
        listener.bind(address)
        if kind == socket.SOCK_STREAM:
            listener.listen()
        listener.setblocking(False)
        self.listeners[name] = listener
        return listener

    def _plant_sockets(self) -> None:
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        ports: dict[str, int] = {}
        for name, kind, address in (
            ("NW-01 host-loopback-tcp", stream, "127.0.0.1"), ("NW-02 host-any-iface", stream, "0.0.0.0"),
            ("NW-10 tcp-fastopen", stream, "127.0.0.1"), ("NW-10 udp-out", datagram, "127.0.0.1"),
            ("NW-10 udp-any-iface", datagram, "0.0.0.0"), (network.ALLOWED, stream, "127.0.0.1"),
            (network.OTHER, stream, "0.0.0.0"), ("NW-24 ip-encodings", stream, "127.0.0.1"),
            ("NW-15 quic-to-the-allowed-place", datagram, "0.0.0.0"),
        ):  # fmt: skip
            ports[name] = self._listen(name, socket.AF_INET, kind, (address, 0)).getsockname()[1]
        with suppress(OSError):  # a machine without IPv6
            ports["NW-09 ipv6"] = self._listen("NW-09 ipv6", socket.AF_INET6, stream, ("::1", 0)).getsockname()[1]
        abstract = f"paddock-probe-{self.mark}"
        self._listen("NW-37 abstract-socket", socket.AF_UNIX, stream, b"\0" + abstract.encode())
        paths = {
            "NW-38 path-socket-home": str(self.person.home / "agent.sock"),
            "NW-38 path-socket-repository": str(self.repo / "s.sock"),
            "NW-38 path-socket-datagram": str(self.repo / "d.sock"),
            "NW-39 host-tmp-socket": f"/tmp/paddock-probe-{self.mark}.sock",
        }
        here = os.getcwd()
        for name, path in paths.items():
            os.chdir(os.path.dirname(path))  # sun_path holds 108 bytes
            try:
                self._listen(name, socket.AF_UNIX, datagram if "datagram" in name else stream, os.path.basename(path))
            finally:
                os.chdir(here)
        self.undo.callback(os.unlink, paths["NW-39 host-tmp-socket"])
        paths["NW-38 path-socket-repository"], paths["NW-38 path-socket-datagram"] = "s.sock", "d.sock"
        self.given |= {"ports": ports, "abstract": abstract, "sockets": paths, "address": _own_address()}

    def _plant_memory(self) -> None:
        """A System V segment, a message queue and a key, where the machine has them."""
        content = self.canary().encode()
        self.given["shm key"] = secrets.randbelow(1 << 30) + 1
        segment = libc.shmget(self.given["shm key"], ctypes.c_size_t(64), 0o1600)
        if segment >= 0:
            self.undo.callback(libc.shmctl, segment, 0, None)
            libc.shmat.restype = ctypes.c_void_p
            address = libc.shmat(segment, None, 0)
            ctypes.memmove(address, content, len(content))
            libc.shmdt(ctypes.c_void_p(address))
        self.given["queue"] = f"/paddock-probe-{self.mark}"
        name = self.given["queue"].encode()
        queue = libc.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)
        if queue >= 0:
            self.undo.callback(libc.mq_unlink, name)
            libc.mq_send(queue, content, ctypes.c_size_t(len(content)), 0)
            libc.mq_close(queue)
        self.given["key name"] = f"paddock-probe-{self.mark}"
        size = ctypes.c_size_t(len(content))
        key = libc.syscall(NUMBERS["add_key"], b"user", self.given["key name"].encode(), content, size, -4)
        if key >= 0:
            self.undo.callback(libc.syscall, NUMBERS["keyctl"], 21, key)  # KEYCTL_INVALIDATE

    def _plant_process(self) -> None:
        directory = os.open(self.person.home, os.O_RDONLY)
        self.victim = subprocess.Popen(
            [sys.executable, "-c", VICTIM, self.canary()], env={"CANARY": self.canary()}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(directory,),
        )  # fmt: skip
        os.close(directory)
        assert self.victim.stdin
        assert self.victim.stdout
        self.undo.callback(self.victim.stdout.close)
        self.undo.callback(self.victim.wait)
        self.undo.callback(self.victim.kill)
        self.victim.stdin.write(self.canary() + "\n")
        self.victim.stdin.close()
        self.given |= {"victim": self.victim.pid, "victim address": int(self.victim.stdout.readline())}
        os.set_blocking(self.victim.stdout.fileno(), False)

    # Attacking and judging

    def run(self, argv: Sequence[str], rows: Sequence[str]) -> None:
        """Attack under `argv`: `answers` holds what the attacker says, `found` what was reached, by row."""
        names = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup")
        self.given |= {
            "rows": list(rows), "home": str(self.person.home), "repo": str(self.repo), "nodename": os.uname().nodename,
            "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in names},
        }  # fmt: skip
        self.output = self.base / "output"
        self.output.write_text(self.canary() + "\n")
        pipes = self.input, self.errors = os.pipe(), os.pipe()
        for end in (*pipes[0], *pipes[1]):
            self.undo.callback(os.close, end)
        os.write(self.errors[1], f"{self.canary()}\n".encode())
        self.given["hashes"] = [hashlib.sha256(canary.encode()).hexdigest() for canary in self.canaries]
        (self.repo / "given.json").write_text(json.dumps(self.given))
        self.before = fingerprint(self.repo)
        pair = socket.socketpair()
        leaked = [os.open(self.person.home, os.O_RDONLY), os.open(self.person.home / ".netrc", os.O_RDONLY)]
        with pair[0], pair[1], open(self.output, "a") as stdout:
            done = subprocess.run(
                [*argv, PYTHON, "-m", "tests.attacks.inside", "given.json"], cwd=self.repo, env=self.person.environ,
                stdin=self.input[0], stdout=stdout, stderr=self.errors[1], text=True, timeout=200, check=False,
                pass_fds=(*leaked, pair[0].fileno()),
            )  # fmt: skip
        for descriptor in leaked:
            os.close(descriptor)
        os.write(self.errors[1], b"\n")  # the attack may have taken everything
        self.said = os.read(self.errors[0], 1 << 16).decode(errors="replace")
        self.attributes = self.output.stat()  # to read it is to change its times
        text = self.output.read_text()
        _, brace, line = text.partition("{")
        assert done.returncode == 0, self.said + text
        assert brace, self.said + text
        self.answers: dict[str, dict[str, Any]] = json.loads(brace + line)
        self.found: dict[str, list[str]] = {name: answer.get("breaches", []) for name, answer in self.answers.items()}
        for name, what in self._effects():
            self.found[name] = [*self.found.get(name, []), what]

    def _effects(self) -> list[tuple[str, str]]:
        """What the host sees, whatever the attacker says."""
        home = self.person.home
        found = [(name, "it arrived at the host") for name, listener in self.listeners.items() if _heard(listener)]
        checks = {
            "FS-07 symlink-write-out": os.listdir(home / "outside") == [],
            "FS-19 home-write-is-private": not (home / "arrived-at-home").exists() and not (home / ".bashrc").exists(),
            "FS-29 hardlink-preexisting": (home / "other-name").read_text() == "not yours\n"
            and (home / "other-name").stat().st_mode & 0o777 != 0o777,
            "FS-15 stdin-reopened-for-writing": not select.select([self.input[0]], [], [], 0)[0],
            "FS-15 stdin-flags-changed": os.get_blocking(self.input[0]),
            "FS-15 stdout-overwritten-by-reopening": self.output.read_text().startswith("canary-"),
            "FS-15 stdout-mode-changed": not self.attributes.st_mode & stat.S_IXUSR,
            "FS-15 stdout-times-changed": self.attributes.st_atime > 1,
            "FS-36 masks-written": all(
                (self.repo / name).read_text().startswith("canary-") for name in files.MASKED if name != files.SPENT
            ),
            "PK-03 signal-host": not self._signalled(),
            "PK-03 prlimit-host": _soft_limit(self.victim.pid) != 77,
        }  # fmt: skip
        return found + [(name, "the host saw the effect") for name, held in checks.items() if not held]

    def _signalled(self) -> bool:
        assert self.victim.stdout
        try:
            return bool(os.read(self.victim.stdout.fileno(), 100))
        except BlockingIOError:
            return False


def _heard(listener: socket.socket) -> bool:
    """Whether bytes arrived. Everything that was sent is in the listener's queue by now."""
    try:
        if listener.type == socket.SOCK_DGRAM:
            return b"reached" in listener.recv(100)
        with listener.accept()[0] as connection:
            connection.settimeout(5)
            return b"reached" in connection.recv(100)
    except BlockingIOError:
        return False


def _own_address() -> str:
    """An address of this machine that is not 127.0.0.1, where it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        try:
            ours.connect(("192.0.2.1", 9))  # sends nothing
            return str(ours.getsockname()[0])
        except OSError:
            return "127.0.0.2"


def _soft_limit(pid: int) -> int:
    with open(f"/proc/{pid}/limits") as file:
        return next(int(line.split()[3]) for line in file if line.startswith("Max open files"))
