"""The merged policy: what all layers together say, each value with the line that decided it.

Pure data. `keys` declares what a policy file may hold, `parsing` turns text into a layer, `layering` merges.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    LayerKind = Literal["built-in", "machine", "floor", "person", "repository", "agent", "flag"]
    # A word, a number, None for a limit that is lifted, or the entries of a list.
    Entries = (
        tuple["Text", ...]
        | tuple["Assignment", ...]
        | tuple["Allowed", ...]
        | tuple["Added", ...]
        | tuple["Denial", ...]
        | tuple["Publication", ...]
        | tuple["Binding", ...]
    )
    Value = str | float | None | Entries


@frozen
class Origin:
    """Who decided an entry. Never part of a hash."""

    kind: LayerKind
    where: str = ""  # "paddock.toml:12", "--env", "PATH", "the credential list"

    def __str__(self) -> str:
        return f"{self.kind} {self.where}".rstrip()


BUILT_IN = Origin("built-in")


@frozen
class Text:
    """A word, pattern or path that somebody wrote."""

    value: str
    origin: Origin


@frozen
class Amount:
    """A limit: bytes, seconds or a count, as `paddock.plan.model.Limit` says."""

    name: str
    value: float
    origin: Origin


@frozen
class Assignment:
    """An environment variable with a value of the policy's own."""

    name: str
    value: str
    origin: Origin


@frozen
class Allowed:
    """What may be reached: a host, or with `*.` before it all names below one, at one port.

    The host `host` is this machine's loopback. The other fields are those of `paddock.plan.model.Rule`:
    `upload` in bytes, 0 for no bound; methods and paths empty for all.
    """

    host: str
    port: int
    private: bool
    origin: Origin
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    upload: int = 0
    raw: bool = False


@frozen
class Denial:
    """What may not be reached, whatever allows it: a host or `*.` and a name, at one port, or 0 for all ports."""

    host: str
    port: int
    origin: Origin


@frozen
class Publication:
    """A port inside that this machine's 127.0.0.1 leads to, at the port `outside`."""

    inside: int
    outside: int
    origin: Origin


@frozen
class Binding:
    """A credential that stays outside: where its secret comes from, what holds its placeholder, where it may go.

    The fields are those of `paddock.plan.model.Credential`.
    """

    name: str
    source: str
    shape: str
    hosts: tuple[Allowed, ...]
    variables: tuple[str, ...]
    origin: Origin
    user: str = ""
    ttl_s: float = 0


@frozen
class Added:
    """A kind of file that the policy calls a hazard; families and severities are those of `additions`."""

    pattern: str
    family: str
    why: str
    severity: str
    origin: Origin


@frozen
class Setting:
    """One key as one layer states it; `key` is its full name, such as "network.mode"."""

    key: str
    value: Value
    origin: Origin


@frozen
class Layer:
    """What one file, or the command line, says. `where` names the file for people."""

    kind: LayerKind
    where: str
    settings: tuple[Setting, ...]


@frozen
class Policy:
    """The merged policy. Lists hold the entries of all layers, in the order floor, person, repository, flags."""

    workspace_mode: Text
    mask: tuple[Text, ...]
    read: tuple[Text, ...]
    pass_variables: tuple[Text, ...]  # exact names, or patterns with * (which never match secrets)
    set_variables: tuple[Assignment, ...]
    boundary_use: Text
    boundary_minimum: Text
    accept: tuple[Text, ...]  # gaps accepted by name
    syscalls: Text
    network_mode: Text
    allow: tuple[Allowed, ...]
    limits: tuple[Amount, ...]
    notes: tuple[str, ...] = ()  # for the person: what was ignored and why, one line each
    lifted: tuple[Text, ...] = ()  # limits by name that "none" took away
    bounded: tuple[str, ...] = ()  # keys that the floor states, "network.allow" among them also where it is empty
    hazards_add: tuple[Added, ...] = ()
    hazards_allow: tuple[Text, ...] = ()
    hazards_large: Amount | None = None  # None: no size is one
    setup_allow: tuple[Allowed, ...] = ()  # what a dev container's set-up may reach, and nothing else
    deny: tuple[Denial, ...] = ()
    publish: tuple[Publication, ...] = ()
    connections: Amount | None = None  # None: the gateway's own bound
    rate: Amount | None = None  # of new connections in a second; None: the gateway's own bound
    agent_prompts: Text = Text("skip", BUILT_IN)
    credentials: tuple[Binding, ...] = ()
    canaries: tuple[Text, ...] = ()  # kinds, as `keys.CANARIES` names them
    prove_require: Amount | None = None  # how old a proof may be, in seconds; None: none is asked for
    prove_at_start: Text = Text("false", BUILT_IN)
    nested: Text = Text("false", BUILT_IN)
