"""Container images: what an engine knows of one, and who its people are.

An image is looked at once and remembered by its identifier, which names its content for ever. Nothing is fetched: an
image that is not in the person's own storage is an error that says how to get it.
"""

from __future__ import annotations

from paddock.boundary import engine, taking
from paddock.errors import BoundaryUnavailable, PaddockError, Refused
from paddock.frozen import as_data, frozen
from paddock.plan.image import Rooted
from paddock.plan.model import Person
from paddock.plan.paths import is_kernels
from paddock.process import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from paddock.boundary.engine import Engine
    from paddock.policy.model import Origin

_TIMEOUT_S = 60.0
INSIDE_UID = 1000  # whom images for people to work in give it: node, vscode, ubuntu
# Annotations that runtimes obey: crun(1) writes to files of the host by them, loads libraries of seccomp plugins, takes
# another filter; runc sets properties of systemd's; CRIU, Podman, CRI-O, Kata and gVisor have theirs.
_WISHES = (
    "run.oci.", "org.systemd.", "org.criu.", "io.podman.", "io.containers.", "io.kubernetes.", "io.katacontainers.",
    "dev.gvisor.",
)  # fmt: skip
_NOBODY = Person(INSIDE_UID, INSIDE_UID, "dev", "/home/dev")


@frozen
class Account:
    """A line of the image's passwd(5)."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


@frozen
class Known:
    """What was found in an image: what its configuration says, and its accounts."""

    identifier: str
    user: str
    environment: tuple[tuple[str, str], ...]
    accounts: tuple[Account, ...]


def rooted(reference: str, origin: Origin, *, user: str = "", folder: str = "") -> Rooted:
    """An image as the root of a sandbox. `user` is who is to work in it, else its own user.

    Raises BoundaryUnavailable where it is not there, Refused for a user that is root or that it does not know.
    """
    if not reference or reference.startswith("-") or not reference.isprintable():
        raise _no_name(reference)
    known = look(reference)
    account = _account(known, user)
    person = Person(account.uid, account.gid, account.name, account.home) if account else _NOBODY
    shell = account.shell if account and account.shell else "/bin/sh"
    return Rooted(known.identifier, reference, person, shell, known.environment, origin, folder)


def look(reference: str) -> Known:
    """What is in an image of the person's own storage."""
    found = engine.find_engine()
    configuration = _inspect(found, reference)
    identifier = str(configuration.get("Id", "")).removeprefix("sha256:")  # as Docker begins it
    if not identifier.isalnum():
        raise PaddockError(f"{found.name} does not say what {reference} is", code="podman")
    config = configuration.get("Config") or {}
    _refuse_wishes(reference, configuration.get("Annotations") or {}, str(config.get("WorkingDir") or ""))
    kept = _kept(identifier)
    if kept is not None:
        return kept
    pairs = (str(entry).partition("=") for entry in config.get("Env") or ())
    known = Known(
        identifier,
        str(config.get("User") or ""),
        tuple((name, value) for name, _, value in pairs if name and "\0" not in name + value),
        _accounts(taking.text(identifier, "/etc/passwd")),
    )
    _keep(known)
    return known


def volumes(reference: str) -> tuple[str, ...]:
    """Where containers of an image get directories of their own that are kept, as it wants it."""
    config = _inspect(engine.find_engine(), reference).get("Config") or {}
    return tuple(str(path).rstrip("/") for path in config.get("Volumes") or () if str(path).startswith("/"))


def _account(known: Known, wanted: str) -> Account | None:
    """Who works in it: who was asked for, its user, or the first of ordinary people. None: somebody of ours."""
    named = (wanted or known.user).partition(":")[0]
    for account in known.accounts:
        if named and named in (account.name, str(account.uid)) and account.uid != 0:
            return account
    if wanted and wanted not in ("root", "0"):
        names = ", ".join(account.name for account in known.accounts if account.uid >= INSIDE_UID)
        raise Refused(
            f"the image has no user {wanted}",
            why=f"it has: {names or 'nobody but root and services'}",
            code="image-user",
        )
    if wanted:
        raise Refused(
            "the command would be root in the container",
            why="a sandbox's person is never root",
            next_step="name another user, or none: then it is the image's first ordinary one",
            code="image-user",
        )
    return next((account for account in known.accounts if account.uid == INSIDE_UID), None)


def _refuse_wishes(reference: str, annotations: Mapping[str, object], folder: str) -> None:
    """Refuse an image that speaks to the runtime: its manifest's annotations become the container's (podman 4.3).

    And one whose `folder`, in which a service of a compose project begins, is one of the kernel's.
    """
    if is_kernels(folder):
        raise Refused(
            f"the image {reference} begins in {folder!a}",
            why="what is there is the kernel's, and a way out of containers (CVE-2024-21626)",
            next_step="build it anew with another WORKDIR",
            code="image-folder",
        )
    for name in annotations:
        if name.startswith(_WISHES):
            raise Refused(
                f"the image {reference} tells the container runtime what to do",
                why=f"by its annotation {name!a}, which reaches it past all that Paddock says",
                next_step="build it anew without: podman build --annotation NAME=VALUE is where they come from",
                code="image-annotation",
            )


def _inspect(found: Engine, reference: str) -> dict[str, Any]:
    import json

    done = _engine(found, "image", "inspect", "--", reference)
    if done.status:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        if any("no such image" in line or "not known" in line for line in said):
            raise _missing(found, reference)
        # A name that a shell would read as more never gets further than this.
        if any("invalid reference format" in line or "must be lowercase" in line for line in said):
            raise _no_name(reference)
        raise engine.failure("\n".join(said), found)
    try:
        entries = json.loads(done.stdout)
    except ValueError as error:
        raise PaddockError(
            f"{found.name}'s answer about {reference} is no JSON", why=str(error), code="podman"
        ) from error
    if not (isinstance(entries, list) and len(entries) == 1 and isinstance(entries[0], dict)):
        raise PaddockError(f"{found.name} knows no single image {reference}", code="podman")
    return entries[0]


def _no_name(reference: str) -> Refused:
    return Refused(f"{reference!a} is no image's name", next_step="paddock run --image NAME -- COMMAND")


def _missing(found: Engine, reference: str) -> BoundaryUnavailable:
    elsewhere = not found.daemon and engine.has_docker()
    docker = f"   or, where Docker has it: docker save {reference} | podman load" if elsewhere else ""
    return BoundaryUnavailable(
        f"there is no image {reference} here",
        why=f"it is not in {found.name}'s storage, and Paddock fetches none by itself",
        next_step=f"{found.name} pull {reference}   or: {found.name} build -t {reference} .{docker}",
        code="image-missing",
    )


def remove(reference: str) -> bool:
    """Remove an image that was built for us. False where it is not there, or in use by others."""
    return bool(_engine(engine.find_engine(), "image", "rm", "--", reference).status == 0)


def _engine(found: Engine, *words: str) -> Any:
    environment = engine.environment(engine.settings())
    return run((*engine.words(found), *words), environment=environment, timeout_s=_TIMEOUT_S)


def _accounts(text: str) -> tuple[Account, ...]:
    """The lines of passwd(5) that can be used: names and places without surprises, numbers of a container's."""
    out = []
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) < 7 or not (fields[2].isascii() and fields[2].isdigit() and fields[3].isdigit()):  # noqa: PLR2004
            continue
        name, uid, gid, home, shell = fields[0], int(fields[2]), int(fields[3]), fields[5], fields[6]
        usable = name.isprintable() and home.startswith("/") and home != "/" and ".." not in home.split("/")
        if usable and home.isprintable() and uid < 0x10000 and gid < 0x10000:  # noqa: PLR2004 - as many as a container has
            out.append(Account(name, uid, gid, home.rstrip("/"), shell if shell.startswith("/") else ""))
    return tuple(out)


def _place(identifier: str) -> tuple[str, str]:
    from paddock.state import make_private, state_directory

    return make_private(f"{state_directory()}/images"), f"{identifier}.json"


def _kept(identifier: str) -> Known | None:
    import json

    folder, name = _place(identifier)
    try:
        with open(f"{folder}/{name}", encoding="utf-8") as file:
            data = json.load(file)
        accounts = tuple(Account(**entry) for entry in data.pop("accounts"))
        environment = tuple((str(name), str(value)) for name, value in data.pop("environment"))
        return Known(**data, environment=environment, accounts=accounts)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # made anew
        return None


def _keep(known: Known) -> None:
    import json

    from paddock.state import write_durably

    folder, name = _place(known.identifier)
    write_durably(folder, name, json.dumps(as_data(known)).encode())
