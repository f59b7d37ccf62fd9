"""The profile of an agent, read from its TOML file. Strict: an unknown key is a defect of ours and fails."""

from __future__ import annotations

import os

from paddock.agents import COMMANDS
from paddock.errors import PaddockError
from paddock.plan.profile import Issuer, Key, Login, Manner, Profile, Service, State, Tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_PORTS = 1 << 16
_SHAPES = ("bearer", "header:")
_FORMS = ("json", "form")


def for_command(command: str) -> Profile | None:
    """The profile for a command, by its base name. Reads a file only when there is one."""
    name = COMMANDS.get(command.rpartition("/")[2])
    return load(name) if name else None


def names() -> tuple[str, ...]:
    """All profiles, by their files."""
    files = os.listdir(os.path.dirname(__file__))
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def load(name: str) -> Profile:
    """One profile. Raises PaddockError when the file is missing or not as expected: the installation is broken."""
    import tomllib

    path = os.path.join(os.path.dirname(__file__), f"{name}.toml")
    try:
        with open(path, "rb") as file:
            return parse(tomllib.load(file))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PaddockError(
            f"the profile of {name} cannot be read", why=f"{path}: {error}", next_step="install Paddock again"
        ) from error


class _Table:
    """A table of the file from which keys are taken; what is left over is an error."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, dict):
            raise _wrong(where, "not a table")
        self._left, self._where = dict(data), where

    def text(self, key: str, default: str | None = None) -> str:
        return _text(self._take(key, default), f"{self._where}.{key}")

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        found = self._take(key, None if needed else [])
        if not isinstance(found, list):
            raise _wrong(f"{self._where}.{key}", "not a list")
        return tuple(_text(each, f"{self._where}.{key}") for each in found)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        found = self._take(key, {})
        if not isinstance(found, dict):
            raise _wrong(f"{self._where}.{key}", "not a table")
        return tuple((name, _text(value, f"{self._where}.{key}.{name}")) for name, value in found.items())

    def table(self, key: str, default: object = None) -> _Table:
        return _Table(self._take(key, default), f"{self._where}.{key}")

    def tables(self, key: str) -> list[_Table]:
        found = self._take(key, [])
        if not isinstance(found, list):
            raise _wrong(f"{self._where}.{key}", "not a list of tables")
        return [_Table(each, f"{self._where}.{key}") for each in found]

    def ports(self, key: str) -> tuple[int, ...]:
        found = self._take(key, [])
        if not isinstance(found, list) or not all(type(each) is int and 0 < each < _MOST_PORTS for each in found):
            raise _wrong(f"{self._where}.{key}", "not a list of ports")
        return tuple(found)

    def schema(self) -> None:
        if self._take("schema", None) != 1:
            raise _wrong("schema", "not 1")

    def end(self) -> None:
        if self._left:
            raise _wrong(self._where, f"unknown keys: {', '.join(sorted(self._left))}")

    def _take(self, key: str, default: object) -> object:
        if default is None and key not in self._left:
            raise _wrong(f"{self._where}.{key}", "missing")
        return self._left.pop(key, default)


def parse(data: Mapping[str, object]) -> Profile:
    """A profile from its data. Raises ValueError, naming the place."""
    top = _Table(data, "profile")
    top.schema()
    profile = Profile(
        name=top.text("name"),
        title=top.text("title"),
        commands=top.texts("commands", needed=True),
        subcommands=top.texts("subcommands"),
        hosts=_hosts(top.texts("hosts", needed=True)),
        services=tuple(_service(each) for each in top.tables("service")),
        passed=top.texts("pass"),
        state=_state(top.table("state")),
        environment=top.pairs("environment"),
        flags=top.texts("flags"),
        files=top.pairs("files"),
        unattended=_manner(top.table("unattended", {})),
        attended=_manner(top.table("attended", {})),
        login=_login(top.table("login", {})),
    )
    top.end()
    return profile


def _state(table: _Table) -> State:
    state = State(
        table.texts("directories", needed=True),
        table.pairs("variables"),
        table.text("login"),
        table.text("login_holds", ""),
    )
    table.end()
    for path in (*state.directories, state.login, *(path for _, path in state.variables)):
        _below_home(path)
    return state


def _service(table: _Table) -> Service:
    upstream = table.text("upstream", "")
    host, port = _host(upstream) if upstream else ("", 0)
    base_url = table.text("base_url", "")
    bound = [_place(each) for each in table.texts("bound")]
    service = Service(
        name=table.text("name"),
        base_url=base_url,
        host=host,
        port=port,
        path=table.text("path", ""),
        variable=table.text("variable", base_url),
        keys=tuple(_key(each) for each in table.tables("keys")),
        flags=table.texts("flags"),
        seeds=_seeds(table),
        bound=tuple(dict.fromkeys(place for place, _ in bound)),
        paths=tuple((host, path) for (host, _), path in bound if path),
    )
    table.end()
    if not service.host and not service.base_url and not service.bound:
        raise _wrong(service.name, "neither an upstream nor a base_url nor bound")
    return service


def _key(table: _Table) -> Key:
    variable = table.text("variable")
    key = Key(variable, table.text("shape"), table.text("inside", variable), table.text("when", ""))
    table.end()
    if not key.shape.startswith(_SHAPES) or (key.when and "=" not in key.when):
        raise _wrong(key.variable, f"no such shape or condition: {key.shape} {key.when}".rstrip())
    return key


def _manner(table: _Table) -> Manner:
    found = Manner(table.texts("flags"), table.texts("unless"), table.pairs("environment"), _seeds(table))
    table.end()
    return found


def _login(table: _Table) -> Login:
    tokens = tuple(map(_tokens, table.tables("tokens")))
    login = Login(table.texts("arguments"), table.ports("ports"), table.pairs("environment"), tokens)
    table.end()
    return login


def _tokens(table: _Table) -> Tokens:
    bound = [_place(each) for each in table.texts("bound", needed=True)]
    tokens = Tokens(
        name=table.text("name"),
        at=_members(table.text("at", "")),
        access=_members(table.text("access")),
        refresh=_members(table.text("refresh")),
        expires=_members(table.text("expires", "")),
        kept=tuple(map(_members, table.texts("kept"))),
        claims=tuple(map(_members, table.texts("claims"))),
        fixed=tuple((_members(path), value) for path, value in table.pairs("fixed")),
        issuer=Issuer(table.text("token_url"), table.text("client"), table.text("form")),
        bound=tuple(dict.fromkeys(place for place, _ in bound)),
        paths=tuple((host, path) for (host, _), path in bound if path),
        service=table.text("service", ""),
        flags=table.texts("flags"),
        seeds=_seeds(table),
    )
    table.end()
    if not tokens.issuer.url.startswith("https://") or tokens.issuer.form not in _FORMS:
        raise _wrong(tokens.name, "a token_url that is not https, or no such form")
    if not tokens.name.isalpha() or not tokens.access or not tokens.refresh:
        raise _wrong(tokens.name, "no name of letters, or no path to the tokens")
    return tokens


def _members(path: str) -> tuple[str, ...]:
    """The names of members on the way through nested objects. A name with a dot in it cannot be written."""
    return tuple(path.split(".")) if path else ()


def _seeds(table: _Table) -> tuple[tuple[str, str], ...]:
    seeds = table.pairs("seeds")
    for path, _ in seeds:
        _below_home(path)
    return seeds


def _below_home(path: str) -> None:
    if not path or path.startswith(("/", "~")) or ".." in path.split("/"):
        raise _wrong(path, "not a path below HOME")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, f"not a text: {value!r}")
    return value


def _hosts(texts: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    return tuple(map(_host, texts))


def _host(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise _wrong(text, "not HOST:PORT")
    return host, int(port)


def _place(text: str) -> tuple[tuple[str, int], str]:
    """`HOST:PORT`, and perhaps a path."""
    where, slash, path = text.partition("/")
    return _host(where), slash + path


def _wrong(where: str, what: str) -> ValueError:
    return ValueError(f"{where}: {what}")
