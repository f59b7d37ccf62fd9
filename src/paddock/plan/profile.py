"""What is known of an agent, as values. `paddock.agents` reads them from its files."""

from __future__ import annotations

from paddock.frozen import frozen


@frozen
class State:
    """An agent's own directory: `directory` below HOME inside, named by `variable`; `login` is a file in it."""

    directory: str
    variable: str
    login: str


@frozen
class Profile:
    """What is known of an agent. Hosts are `(name, port)`."""

    name: str
    title: str
    commands: tuple[str, ...]
    hosts: tuple[tuple[str, int], ...]
    base_url: str
    keys: tuple[str, ...]
    passed: tuple[str, ...]
    state: State
    environment: tuple[tuple[str, str], ...]
