"""The profile of an agent, read from its TOML file. Strict: an unknown key is a defect of ours and fails."""

from __future__ import annotations

import os

from paddock.agents import COMMANDS
from paddock.errors import PaddockError
from paddock.plan.profile import Profile, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


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


def parse(data: Mapping[str, object]) -> Profile:
    """A profile from its data. Raises KeyError, TypeError or ValueError."""
    rest = dict(data)
    if rest.pop("schema") != 1:
        message = "schema is not 1"
        raise ValueError(message)
    state = _table(rest.pop("state"))
    profile = Profile(
        name=_text(rest.pop("name")),
        title=_text(rest.pop("title")),
        commands=_texts(rest.pop("commands")),
        hosts=tuple(_host(each) for each in _texts(rest.pop("hosts"))),
        base_url=_text(rest.pop("base_url", "")),
        keys=_texts(rest.pop("keys", [])),
        passed=_texts(rest.pop("pass", [])),
        state=State(**{key: _text(value) for key, value in state.items()}),
        environment=tuple((key, _text(value)) for key, value in _table(rest.pop("environment", {})).items()),
    )
    if rest:
        message = f"unknown keys: {', '.join(sorted(rest))}"
        raise ValueError(message)
    return profile


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"not a text: {value!r}"
        raise TypeError(message)
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        message = f"not a list: {value!r}"
        raise TypeError(message)
    return tuple(_text(each) for each in value)


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        message = f"not a table: {value!r}"
        raise TypeError(message)
    return value


def _host(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
