"""A machine made of a dictionary, for resolving plans without a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddock.frozen import replace
from paddock.plan.host import Entry
from paddock.plan.model import Person
from paddock.plan.paths import normal
from paddock.plan.resolve import Request, resolve
from paddock.policy.checking import layer_from
from paddock.policy.layering import merge
from paddock.policy.model import Allowed, Assignment, Origin, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.plan.image import Rooted
    from paddock.plan.model import Plan
    from paddock.policy.model import Policy

HOME = "/home/ann"
REPOSITORY = "/home/ann/code/app"
STATE = "/home/ann/.local/state/paddock"
FLAG = Origin("flag", "--test")
PERSON = Origin("person", "policy.toml:3")

# What nearly every test needs: a merged-/usr system, a home, a repository.
SYSTEM: Mapping[str, str] = {
    "/bin": "-> usr/bin",
    "/sbin": "-> usr/sbin",
    "/lib": "-> usr/lib",
    "/lib64": "-> usr/lib64",
    "/usr/bin/bash": "x",
    "/usr/bin/sh": "x",
    "/usr/bin/env": "x",
    "/usr/bin/python3": "x",
    "/usr/lib/": "",
    "/usr/lib64/": "",
    "/usr/sbin/": "",
    "/usr/local/bin/": "",
    "/etc/ld.so.cache": "cache",
    "/etc/ssl/certs/ca-certificates.crt": "-----BEGIN CERTIFICATE-----\n",
    "/etc/ssl/private/": "",
    "/etc/ssl/openssl.cnf": "",
    "/etc/shadow": "secret",
    "/etc/npmrc": "secret",
    "/etc/gitconfig": "secret",
    "/etc/machine-id": "secret",
    f"{REPOSITORY}/.git/HEAD": "ref",
}


class Fake:
    """A `Host`. Files map to their text; "x" is an executable, "-> …" a link, "socket" a socket, a name with / a directory."""

    def __init__(
        self, files: Mapping[str, str], *, home: str = HOME, environ: Mapping[str, str] | None = None, **person: Any
    ):
        self.home = home
        self.state = f"{home}/.local/state/paddock"
        self.environ: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "HOME": home, **(environ or {})}
        self.person = Person(**{"uid": 1001, "gid": 1001, "name": "ann", "home": home, **person})
        self.who = ("", "")
        self.tree: dict[str, Any] = {}
        for path, content in {**SYSTEM, f"{home}/": "", **files}.items():
            *above, name = path.rstrip("/").split("/")[1:]
            node = self.tree
            for part in above:
                node = node.setdefault(part, {})
            if path.endswith("/"):
                node.setdefault(name, {})
            else:
                node[name] = content

    def _at(self, parts: list[str]) -> Any:
        node: Any = self.tree
        for part in parts:
            if not isinstance(node, dict) or part not in node:
                return None
            node = node[part]
        return node

    def look(self, path: str) -> Entry:
        assert path.startswith("/")
        done, todo, first = list[str](), path.split("/"), True
        kind, target, links = "dir", "", 0
        while todo:
            part = todo.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                done = done[:-1]
                continue
            node = self._at([*done, part])
            is_link = isinstance(node, str) and node.startswith("-> ")
            last = not any(each not in ("", ".") for each in todo)
            if last and first:
                first = False
                kind = "link" if is_link else _kind(node)
                target = node[3:] if is_link else ""
            if is_link:
                links += 1
                if links > 40:
                    return Entry("link" if kind == "link" else "missing", normal(path), target=target)
                todo = node[3:].split("/") + todo
                done = [] if node.startswith("-> /") else done
            else:
                done.append(part)
        real = "/" + "/".join(done)
        if kind == "link":
            return Entry("link", real, 0o777, 0, target)
        node = self._at(done)
        mode = 0o755 if isinstance(node, dict) or node == "x" or str(node).startswith("#!") else 0o644
        return Entry(_kind(node), real, mode)  # type: ignore[arg-type]

    def listdir(self, path: str) -> tuple[str, ...]:
        node = self._at(normal(self.look(path).real).split("/")[1:])
        return tuple(sorted(node)) if isinstance(node, dict) else ()

    def read_text(self, path: str, limit_bytes: int = 65536) -> str:
        node = self._at(self.look(path).real.split("/")[1:])
        return node[:limit_bytes] if isinstance(node, str) and _kind(node) == "file" else ""

    def readable(self, path: str) -> bool:
        return True

    def linked(self, directory: str) -> frozenset[str]:
        return frozenset(name for name in self.listdir(directory) if self.look(f"{directory}/{name}").kind == "link")

    def identity(self) -> tuple[str, str]:
        return self.who

    def repository_key(self, repository: str) -> str:
        return repository.replace("/", "-").lstrip("-")


def _kind(node: Any) -> str:
    if node is None:
        return "missing"
    if isinstance(node, dict):
        return "dir"
    return {"socket": "socket", "fifo": "other"}.get(node, "file")


def policy(**changes: Any) -> Policy:
    """The built-in policy with changes; lists of text become entries of a person's flag."""
    given: dict[str, Any] = {
        name: tuple(Text(each, FLAG) for each in value) if isinstance(value, list) else value
        for name, value in changes.items()
    }
    for name in ("network_mode", "workspace_mode", "boundary_use", "syscalls", "nested"):
        if isinstance(given.get(name), str):
            given[name] = Text(given[name], FLAG)
    return replace(merge([], trusted=False), **given)


def written(**sections: Any) -> Policy:
    """The policy that a person's file makes: `written(network={"mode": "allow"})`."""
    return merge([layer_from(sections, {}, "person", "policy.toml")], trusted=False)


def allow(host: str, port: int = 443, *, origin: Origin = FLAG, private: bool = False) -> Allowed:
    return Allowed(host, port, private, origin)


def assign(name: str, value: str, origin: Origin = FLAG) -> Assignment:
    return Assignment(name, value, origin)


def plan(  # noqa: PLR0913 - each test names the few that it is about
    files: Mapping[str, str] | None = None,
    *command: str,
    environ: Mapping[str, str] | None = None,
    rules: Policy | None = None,
    repository: str = REPOSITORY,
    agent: Any = None,
    host: Fake | None = None,
    terminal: bool = False,
    image: Rooted | None = None,
) -> Plan:
    """The plan for a command on a fake machine."""
    machine = host or Fake(files or {}, environ=environ)
    request = Request(tuple(command), repository, repository, terminal, agent=agent, image=image)
    return resolve(rules or policy(), request, machine)


def targets(found: Plan) -> list[str]:
    return [mount.target for mount in found.mounts]


def variables(found: Plan) -> dict[str, str]:
    return {variable.name: variable.value for variable in found.environment}
