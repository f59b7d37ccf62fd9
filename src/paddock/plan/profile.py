"""What is known of an agent, as values. `paddock.agents` reads them from its files."""

from __future__ import annotations

from paddock.frozen import frozen


def on_host(directory: str) -> str:
    """What an agent's directory is called on the host: each lies beside the others, see `plan.agent.state`."""
    return directory.replace("/", "-")


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

    def place_of_login(self) -> tuple[str, str]:
        """The directory of the login file, as the host calls it, and the file's path below that."""
        directory = next(each for each in self.directories if self.login.startswith(f"{each}/"))
        return on_host(directory), self.login[len(directory) + 1 :]


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
class Issuer:
    """Who gives a new access token for a refresh token: the address, as whom, and how the request is written.

    `form` is "json", or "form" for a form's encoding (RFC 6749 §6).
    """

    url: str
    client: str
    form: str


@frozen
class Tokens:
    """The tokens of one login in the JSON file where an agent keeps them, and where the access token goes.

    Paths are names of members, from the outermost. `at` leads to the object that is the login, empty for the whole
    file; the other paths begin there. Of that object only what is named here comes inside: placeholders for `access`
    and `refresh`, a time that is far away at `expires` (in milliseconds), what is at `kept` as it is, the JSON Web
    Tokens at `claims` without their signatures (the agent reads them), and the texts in `fixed`. `bound` and `paths`
    say where the access token goes, as a bearer's; where the person's base URL of `service` leads, it goes too.
    `flags` and `seeds` are for an agent that has this login and no key.
    """

    name: str
    at: tuple[str, ...]
    access: tuple[str, ...]
    refresh: tuple[str, ...]
    expires: tuple[str, ...]
    kept: tuple[tuple[str, ...], ...]
    claims: tuple[tuple[str, ...], ...]
    fixed: tuple[tuple[tuple[str, ...], str], ...]
    issuer: Issuer
    bound: tuple[tuple[str, int], ...]
    paths: tuple[tuple[str, str], ...]
    service: str
    flags: tuple[str, ...]
    seeds: tuple[tuple[str, str], ...]


@frozen
class Login:
    """How an agent's own login is run: its arguments, the ports at which the browser comes back, its variables.

    `tokens` are those that Paddock knows how to keep outside; of any other login they stay in the agent's state.
    """

    arguments: tuple[str, ...]
    ports: tuple[int, ...]
    environment: tuple[tuple[str, str], ...]
    tokens: tuple[Tokens, ...] = ()


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
