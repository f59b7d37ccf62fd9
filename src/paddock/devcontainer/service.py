"""A compose project as typed values: its services, what they get of the host, and where each line of it stands."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from paddock.devcontainer.dockerfile import Dockerfile
    from paddock.devcontainer.document import Flaw, Node
    from paddock.devcontainer.model import Flag, Mount, Port, Switch, Text, Variable
    from paddock.devcontainer.source import Source
    from paddock.devcontainer.yaml_document import Yaml


@frozen
class ServiceBuild:
    """How a service's image is built. Paths are absolute; `inline` is a Dockerfile in the compose file itself.

    `flags` is all else that `docker build` would be told: `--network`, `--ssh`, `--secret`, `--allow`, `--privileged`.
    """

    context: Text
    dockerfile: Text | None
    inline: Text | None
    args: tuple[Variable, ...]
    target: Text | None
    flags: tuple[Flag, ...]
    origin: Source


@frozen
class Service:
    """One service. Origins have the layer `compose` and the service's name; paths of the host are absolute.

    `flags` are all settings that `podman run` has a flag for, as that flag (`network_mode: host` is `--network host`),
    but for those that have a field of their own: mounts, ports and variables. `node` is the merged tree.
    """

    name: str
    node: Node
    origin: Source
    image: Text | None
    build: ServiceBuild | None
    dockerfile: Dockerfile | None  # what is built, where it could be read
    flags: tuple[Flag, ...]
    privileged: Switch | None
    cap_add: tuple[Text, ...]
    security_opt: tuple[Text, ...]
    user: Text | None
    mounts: tuple[Mount, ...]
    ports: tuple[Port, ...]
    environment: tuple[Variable, ...]
    env_files: tuple[Text, ...]  # absolute paths
    commands: tuple[
        Text, ...
    ]  # entrypoint, command, healthcheck and hooks, those of lists with words quoted for a shell
    provider: Text | None  # a program of the host that Compose starts in place of a container
    profiles: tuple[str, ...]
    depends_on: tuple[str, ...]
    networks: tuple[str, ...]
    unknown: tuple[Text, ...]  # keys that Compose does not know


@frozen
class Shared:
    """A volume, network, secret or config of the whole project. `path` is a file or folder of the host, or empty."""

    kind: str
    name: str
    path: str
    external: bool
    node: Node
    origin: Source


@frozen
class Beyond:
    """A path that leads out of the repository: `kind` says what for (context, env_file, extends, include …)."""

    kind: str
    path: str
    origin: Source


@frozen
class Unread:
    """A file that the project names and that was not read."""

    path: str
    why: str
    origin: Source


@frozen
class Project:
    """All of a compose project, as far as it could be read. `root` is the merged tree; `service` the one that
    devcontainer.json names, None where it is not there.

    `unset` are variables without value or default; `unread` are files that are missing, outside, or no YAML.
    """

    directory: str  # absolute: what relative paths start from
    files: tuple[Yaml, ...]
    root: Node
    service: Service | None
    services: tuple[Service, ...]
    shared: tuple[Shared, ...]
    beyond: tuple[Beyond, ...]
    unread: tuple[Unread, ...]
    unset: tuple[str, ...]
    written: Mapping[tuple[str, int], str]  # texts before variables were put in, by file and offset
    flaws: tuple[Flaw, ...]

    def named(self, name: str) -> Service | None:
        """The service of a name."""
        return next((one for one in self.services if one.name == name), None)

    def started(self, wanted: Iterable[str] = ()) -> tuple[Service, ...]:
        """The services that run: the named one, those of `runServices` (`wanted`), and what they depend on.

        Without `wanted` all start that need no profile.
        """
        names = [*wanted] or [one.name for one in self.services if not one.profiles]
        if self.service:
            names.append(self.service.name)
        found: dict[str, Service] = {}
        while names:
            one = self.named(names.pop())
            if one and one.name not in found:
                found[one.name] = one
                names += one.depends_on
        return tuple(one for one in self.services if one.name in found)
