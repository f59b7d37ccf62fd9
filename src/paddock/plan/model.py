"""The plan's values. Everything above produces a plan, everything below only reads it.

No I/O here and no machine facts: `resolve` turns a policy and a `Host` into a plan, a boundary turns a
plan into something that runs. Paths are text with `surrogateescape` for bytes that are not UTF-8.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.policy.model import BUILT_IN, Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Access = Literal["read", "write", "copy"]
    WorkspaceMode = Literal["review", "live", "readonly", "scratch"]
    NetworkMode = Literal["off", "registries", "allow"]


@frozen
class Person:
    """Who the command is inside: never uid 0, also when Paddock is run as root."""

    uid: int
    gid: int
    name: str
    home: str


@frozen
class Mount:
    """A host path that is visible inside: as it is, or copy-on-write ("copy"), with a layer of the change set."""

    source: str
    target: str
    access: Access
    origin: Origin


@frozen
class Link:
    """A symbolic link of the minimal root, such as /bin → usr/bin."""

    target: str
    to: str
    origin: Origin = BUILT_IN


@frozen
class File:
    """A small file with synthesised content, read-only inside."""

    target: str
    content: str
    origin: Origin = BUILT_IN


@frozen
class Private:
    """A private, writable, empty directory in memory, thrown away at the end."""

    target: str
    size_bytes: int
    origin: Origin = BUILT_IN


@frozen
class Mask:
    """A path in the workspace that is seen inside as an empty file (or directory)."""

    target: str
    directory: bool
    origin: Origin


@frozen
class Workspace:
    """The repository as the sandbox sees it, at its own absolute path."""

    source: str
    mode: WorkspaceMode
    masks: tuple[Mask, ...]
    origin: Origin


@frozen
class Variable:
    """An environment variable. `passed`: its value was taken over from the caller's environment."""

    name: str
    value: str
    origin: Origin
    passed: bool = False


@frozen
class Rule:
    """Reachable: one name, or with `*.` before it all names below one, at one port.

    `upstream` is where the gateway connects when that differs from the name ("127.0.0.1:8080", or with TLS
    "https://api.example:443"); `loopback` marks an endpoint that listens on 127.0.0.1 inside instead of on a
    synthetic address. `methods` and `paths` bound HTTP requests, empty for all; a path pattern begins with `/`, and
    `*` in it stands for any text. `upload` bounds the bytes that go out to each host in a session, 0 for no bound.
    `raw` lets other protocols than TLS and HTTP through.
    """

    host: str
    port: int
    origin: Origin
    private: bool = False
    upstream: str = ""
    loopback: bool = False
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    upload: int = 0
    raw: bool = False


@frozen
class Denied:
    """Not reachable, whatever else allows it: a name, or `*.` and a name, at one port, or 0 for every port."""

    host: str
    port: int
    origin: Origin


@frozen
class Published:
    """A port inside that is reachable at a port of the host's 127.0.0.1."""

    inside: int
    outside: int
    origin: Origin


@frozen
class Network:
    """What may be reached: nothing, or the listed names.

    `connections` bounds how many are open at once, `rate` how many are begun in a second; 0 for the gateway's own.
    """

    mode: NetworkMode
    rules: tuple[Rule, ...]
    origin: Origin
    denied: tuple[Denied, ...] = ()
    published: tuple[Published, ...] = ()
    connections: int = 0
    rate: int = 0


@frozen
class Bound:
    """Where a credential may go: one name and port, `*.` as in rules; methods and paths as in rules."""

    host: str
    port: int
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@frozen
class Credential:
    """A secret that stays outside. Inside, `variables` hold a placeholder; the gateway swaps it towards `bound` only.

    `source` says where it comes from ("env:NAME", "file:PATH", "keyring:SERVICE/USER", "command:gh auth token");
    `shape` how a request carries it: "bearer", "basic", "sigv4", or "header:NAME" as in "header:x-api-key".
    `user` is the name in "basic".
    """

    name: str
    source: str
    shape: str
    bound: tuple[Bound, ...]
    variables: tuple[str, ...]
    origin: Origin
    user: str = ""
    ttl_s: float = 0  # how long a secret is good before it is fetched anew; 0: for the whole session


@frozen
class Planted:
    """A credential that opens nothing, put at `target` for thieves; sent out anywhere, it ends the session.

    `kind` is aws, ssh or env; the value is new in each session and no part of the plan.
    """

    kind: str
    target: str
    origin: Origin


@frozen
class Limit:
    """One limit; `name` is memory, processes, open_files, file_size, cpus or wall.

    Units: bytes for memory and file_size, seconds for wall, a count otherwise (cpus may be a fraction).
    A limit whose origin is built-in is a precaution, not a promise: where no cgroup can hold it in
    total it binds per process, and the plan says so. A limit that somebody wrote is a promise.
    """

    name: str
    value: float
    origin: Origin


@frozen
class Lifted:
    """A limit that somebody took away by name, and who did: one that the plan has not got otherwise."""

    name: str
    origin: Origin


@frozen
class BoundaryChoice:
    """Which mechanism the policy asks for. `use` may be "auto"."""

    use: str
    minimum: str
    accepted_gaps: tuple[str, ...]
    origin: Origin


@frozen
class Image:
    """A container image that the root comes from, instead of from this machine's own programs.

    `reference` is what the engine is asked for: its identifier, so that nobody can change what a name means in between.
    `folder` is where the repository is seen as well, for an image whose files name a place.
    """

    reference: str
    origin: Origin
    folder: str = ""


@frozen
class Service:
    """A container beside the person's own, of another image: in the same network, with nothing of the workspace.

    `entrypoint` and `command` are the image's own where they are None, `user` and `folder` where they are "". What is
    written to the directories of `scratch` is the service's alone, and thrown away.
    """

    name: str
    image: str
    origin: Origin
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""
    folder: str = ""
    scratch: tuple[str, ...] = ()


@frozen
class Proving:
    """What must be shown before the command starts. No part of a plan's hash.

    A signed proof of `policy_hash` that is no older than `within_s`, 0 where none is asked for; `beyond` is what flags
    loosen of what could be proven. With `at_start` the sandbox itself is attacked.
    """

    within_s: float = 0
    policy_hash: str = ""
    beyond: tuple[str, ...] = ()
    origin: Origin = BUILT_IN
    at_start: bool = False
    at_start_origin: Origin = BUILT_IN


@frozen
class Plan:
    """Everything resolved. `agent` names the profile that was applied, or is empty."""

    command: tuple[str, ...]
    cwd: str
    terminal: bool
    person: Person
    environment: tuple[Variable, ...]
    workspace: Workspace
    mounts: tuple[Mount, ...]
    links: tuple[Link, ...]
    files: tuple[File, ...]
    private: tuple[Private, ...]
    network: Network
    limits: tuple[Limit, ...]
    boundary: BoundaryChoice
    syscalls: str = "default"  # "default", or "debug": ptrace allowed inside
    agent: str = ""
    notes: tuple[str, ...] = ()  # one-line remarks for the person, shown before the start
    syscalls_origin: Origin = BUILT_IN
    credentials: tuple[Credential, ...] = ()
    canaries: tuple[Planted, ...] = ()
    seeds: tuple[File, ...] = ()  # files of an agent's state that are written where none are, and may then change
    proving: Proving = Proving()
    image: Image | None = None
    nested: bool = False  # containers can be made inside, by an engine of the sandbox's own
    nested_origin: Origin = BUILT_IN
    services: tuple[Service, ...] = ()  # in the order in which they are started
    lifted: tuple[Lifted, ...] = ()

    def limit(self, name: str) -> Limit | None:
        """The limit of that name, if the plan has one."""
        return next((limit for limit in self.limits if limit.name == name), None)
