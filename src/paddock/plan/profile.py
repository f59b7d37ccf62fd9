"""What is known of an agent, as values. `paddock.agents` reads them from its files."""

from __future__ import annotations

from paddock.frozen import frozen


@frozen
class State:
    """An agent's own directories, below HOME inside.

    `variables` name them to the agent, each with the path below HOME; `login` is the file, also below HOME, that
    is there once somebody has logged in, and then has `login_holds` in it.
    """

    directories: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    login: str
    login_holds: str


@frozen
class Key:
    """A variable of the person's that holds a secret, and the shape in which it goes, as in `plan.model.Credential`.

    `shape` is how the service wants it, whatever the agent sends. `inside` is the variable that holds the placeholder.
    `when` is a condition on another variable, "NAME=VALUE" ("NAME=" when it is not set), or empty.
    """

    variable: str
    shape: str
    inside: str
    when: str = ""


@frozen
class Service:
    """A model's API as an agent uses it.

    `base_url` is the variable that says where it is instead, in the person's environment; `host`, `port` and
    `path` say where it is else: an empty host means nowhere. `variable` tells the agent the URL inside, and so do
    `flags` ("{url}" in them, and "{key}" for the name of the key's variable). `seeds` are files below HOME that are
    written where none are: (path, content). An API with neither `base_url` nor `host` is reached as it is: its key is
    swapped on the way to the hosts in `bound`, of which `paths` (host, path) may name all that get it.
    """

    name: str
    base_url: str
    host: str
    port: int
    path: str
    variable: str
    keys: tuple[Key, ...]
    flags: tuple[str, ...]
    seeds: tuple[tuple[str, str], ...]
    bound: tuple[tuple[str, int], ...]
    paths: tuple[tuple[str, str], ...]


@frozen
class Manner:
    """How an agent is told to work: unattended, not asking its person, or attended. Never in a sandbox of its own.

    Its `flags` are left out where the person's own arguments hold one of them, or one of `unless`. "{repository}" in
    one stands for the repository's path, as it is written inside a string of TOML.
    """

    flags: tuple[str, ...]
    unless: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    seeds: tuple[tuple[str, str], ...]


@frozen
class Login:
    """How an agent's own login is run: its arguments, the ports at which the browser comes back, its variables."""

    arguments: tuple[str, ...]
    ports: tuple[int, ...]
    environment: tuple[tuple[str, str], ...]


@frozen
class Profile:
    """What is known of an agent.

    `hosts`, as (name, port), are what a login of its own needs; `files`, as (path, content), are shown inside. Flags
    come before the person's own arguments, and none do before one of the `subcommands`.
    """

    name: str
    title: str
    commands: tuple[str, ...]
    subcommands: tuple[str, ...]
    hosts: tuple[tuple[str, int], ...]
    services: tuple[Service, ...]
    passed: tuple[str, ...]
    state: State
    environment: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    unattended: Manner
    attended: Manner
    login: Login

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of all variables that hold its secrets."""
        return tuple(dict.fromkeys(key.variable for service in self.services for key in service.keys))
