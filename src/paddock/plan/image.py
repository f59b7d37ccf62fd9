"""A container image as resolution sees it, and the machine as it is seen from a root that comes from one.

What the person has installed is of no use there: other libraries, other places. So nothing of the machine's programs is
shown, PATH and the variables are the image's, and the person inside is the image's own.
"""

from __future__ import annotations

from paddock.errors import Refused
from paddock.frozen import frozen, replace
from paddock.plan.environment import CERTIFICATES, LOCATED
from paddock.plan.model import Image, Mount, Variable
from paddock.plan.paths import is_kernels, normal, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.plan.host import Entry, Host
    from paddock.plan.model import Person, Service
    from paddock.plan.view import View
    from paddock.policy.model import Origin

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_WHOLE = frozenset(
    ("/", "/bin", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/tmp", "/usr", "/var", "/var/tmp")  # noqa: S108 - inside
)
# Decided for every sandbox, whatever an image says.
_OURS = frozenset(("HOME", "USER", "LOGNAME", "PATH", "SHELL", "TMPDIR", "PADDOCK", "HOSTNAME"))


@frozen
class Rooted:
    """An image that was looked at: `identifier` names its content for ever, `reference` is what a person calls it.

    `person` is who commands run as, never root; `folder` where the repository is to be seen as well, or ""; `home` a
    directory of this machine that is the person's home, or "" for one that is thrown away.
    """

    identifier: str
    reference: str
    person: Person
    shell: str
    environment: tuple[tuple[str, str], ...]
    origin: Origin
    folder: str = ""
    home: str = ""
    services: tuple[Service, ...] = ()  # what runs beside it, and by which `names` all of these are known
    names: tuple[str, ...] = ()

    def image(self) -> Image:
        """What the plan keeps of it."""
        return Image(self.identifier, self.origin, self.folder)


def own_home(image: Rooted) -> tuple[Mount, ...]:
    """The home that stays, where there is one."""
    return (Mount(image.home, image.person.home, "write", image.origin),) if image.home else ()


def refuse_places(image: Rooted, repository: str) -> None:
    """Raise Refused for a home or a second place of the repository that would cover what a sandbox is made of.

    Both are whatever an image or a repository says, and an engine makes the way to them: in mode live in the
    repository itself, where the home is in it.
    """
    home, folder = image.person.home, image.folder
    covered = f"it would cover the home {home}" if folder and within(home, folder) else ""
    for place, what, more in ((home, f"the home of {image.person.name}", ""), (folder, "workspaceFolder", covered)):
        why = (_unfit(place, repository) or more) if place else ""
        if why:
            raise Refused(
                f"{what} is {place!a}, which is no place for it",
                why=why,
                next_step="name another user or folder in devcontainer.json, or take another image",
                code="image-place",
            )


def _unfit(place: str, repository: str) -> str:
    if place != normal(place):
        return "it is no absolute path as the kernel would show it"
    if place in _WHOLE or is_kernels(place) or within(place, "/run"):
        return "the sandbox itself needs what is there"
    if within(place, repository):
        return f"it lies in the repository {repository}"
    return ""


class Inside:
    """The machine, for a command whose root is an image: its person, and none of the caller's toolchains."""

    def __init__(self, host: Host, image: Rooted) -> None:
        self._host = host
        self.person = image.person
        self.home = host.home
        self.state = host.state
        self.environ: Mapping[str, str] = {
            name: value for name, value in host.environ.items() if not _is_of_the_machine(name, value)
        }

    def look(self, path: str) -> Entry:
        """What is at `path` of the machine."""
        return self._host.look(path)

    def listdir(self, path: str) -> tuple[str, ...]:
        """The names in a directory of the machine."""
        return self._host.listdir(path)

    def read_text(self, path: str, limit_bytes: int = 65536) -> str:
        """The first bytes of a file of the machine."""
        return self._host.read_text(path, limit_bytes)

    def readable(self, path: str) -> bool:
        """Whether the caller may list and enter a directory of the machine."""
        return self._host.readable(path)

    def linked(self, directory: str) -> frozenset[str]:
        """The names of the links in a directory of the machine."""
        return self._host.linked(directory)

    def identity(self) -> tuple[str, str]:
        """The name and e-mail that the person commits with."""
        return self._host.identity()

    def repository_key(self, repository: str) -> str:
        """The name of a repository's directories in the state."""
        return self._host.repository_key(repository)


def _is_of_the_machine(name: str, value: str) -> bool:
    """Whether a variable says where this machine, or its person, keeps things that an image has elsewhere."""
    gone = ("PATH", "SHELL", *LOCATED)
    return name in gone or name.startswith("XDG_") or (name in CERTIFICATES and value.startswith(("/etc/", "/usr/")))


def variables(image: Rooted, found: tuple[Variable, ...], view: View, layered: str = "") -> tuple[Variable, ...]:
    """The image's variables below what the policy and the person decide, and its PATH, with `layered` at its end.

    A directory of the repository on PATH would let a file there stand for any program, an agent's among them.
    """
    own = {name: Variable(name, value, image.origin) for name, value in image.environment if name not in _OURS}
    own |= {variable.name: variable for variable in found}
    path = dict(image.environment).get("PATH", "") or _DEFAULT_PATH
    places = (view.repository, *((image.folder,) if image.folder else ()))
    kept = [
        entry
        for entry in path.split(":")
        if entry.startswith("/") and not any(within(normal(entry), place) for place in places)
    ]
    words = [":".join(kept) or _DEFAULT_PATH, *((layered,) if layered else ())]
    own["PATH"] = Variable("PATH", ":".join(words), image.origin)
    own["SHELL"] = replace(own["SHELL"], value=image.shell)
    return tuple(own[name] for name in sorted(own))
