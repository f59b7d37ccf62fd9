"""What of an effective configuration a sandbox takes over, and what it leaves out, by name.

Nothing raw reaches an engine: of all that a devcontainer.json can say, the image, its person, the place of the
repository, variables and the commands inside are taken. Rights, mounts, flags and ports come from the policy.
"""

from __future__ import annotations

import re

from paddock.errors import Refused
from paddock.frozen import frozen
from paddock.plan.paths import normal
from paddock.policy.credentials import is_secret_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from paddock.devcontainer.model import Effective, Hook, Variable
    from paddock.devcontainer.source import Source

# While it is made, once; what a start runs; what an editor runs when it attaches is not ours.
ONCE = ("onCreateCommand", "updateContentCommand", "postCreateCommand")
EACH_START = "postStartCommand"
_FROM_HOST = re.compile(r"\$\{(?:localEnv|env):([^:}]*)")
_RIGHTS = ("--privileged", "--cap-add", "--security-opt", "--device", "--pid", "--ipc", "--userns", "--network")


@frozen
class Left:
    """Something that the configuration asks for and a sandbox does not take over."""

    what: str
    why: str
    where: str


@frozen
class Settled:
    """What a sandbox takes over. `user` and `folder` may be "", for the image's own person and no second place."""

    user: str
    folder: str
    environment: tuple[tuple[str, str], ...]
    once: tuple[Hook, ...]
    each_start: tuple[Hook, ...]
    left: tuple[Left, ...]


def settle(effective: Effective, withheld: Collection[str] = (), *, allow_initialize: bool = False) -> Settled:
    """What is taken over. `withheld` are the variables of this machine that it asked for and was not lent.

    Raises Refused for what would run on this machine, unless that is allowed.
    """
    on_host = [hook for hook in effective.hooks if hook.on_host]
    if on_host and not allow_initialize:
        raise Refused(
            f"initializeCommand ({on_host[0].origin.where}) would run on this machine, outside of every sandbox",
            why=_shown(on_host[0].command),
            next_step="run it yourself if you mean it; then, once: paddock devcontainer build --without-initialize",
            code="initialize-command",
        )
    return Settled(
        user=_user(effective),
        folder=_folder(effective.workspace_folder.value),
        environment=tuple(_environment(effective, withheld)),
        once=tuple(hook for event in ONCE for hook in effective.hooks if hook.event == event),
        each_start=tuple(hook for hook in effective.hooks if hook.event == EACH_START),
        left=(*_left(effective), *_withheld(effective, withheld)),
    )


def _folder(text: str) -> str:
    """As the kernel would show it. What is no absolute path stays as it is, to be refused with the others."""
    return normal(text).rstrip("/") if text.startswith("/") else text


def _user(effective: Effective) -> str:
    """Whom hooks and commands run as: never root, so who asks for root gets the image's first ordinary person."""
    wanted = effective.remote_user or effective.container_user
    name = wanted.value.partition(":")[0] if wanted else ""
    return "" if name in ("root", "0") else name


def _environment(effective: Effective, withheld: Collection[str]) -> Iterator[tuple[str, str]]:
    variables = {one.name: one for one in effective.container_environment}
    variables |= {one.name: one for one in effective.remote_environment}
    for name, one in sorted(variables.items()):
        if one.value is not None and not _asked(one, withheld):
            yield name, one.value


def _asked(variable: Variable, withheld: Collection[str]) -> list[str]:
    """Which of the variables that were not lent this one is made of."""
    return [name for name in _FROM_HOST.findall(variable.raw) if name in withheld]


def _withheld(effective: Effective, withheld: Collection[str]) -> Iterator[Left]:
    """What was not lent, with the line of the variable that asks for it, or with the file where other text does."""
    told = set()
    for variable in (*effective.container_environment, *effective.remote_environment):
        for name in _asked(variable, withheld):
            told.add(name)
            yield _entry(f"{name} of this machine", instead(name), variable.origin)
    for name in sorted(set(withheld) - told):
        yield Left(f"{name} of this machine", instead(name), effective.file)


def instead(name: str) -> str:
    """What to do about a variable that was not lent."""
    return "bind it in [credentials] instead" if is_secret_name(name) else f'a policy lends it: pass = ["{name}"]'


def _left(effective: Effective) -> Iterator[Left]:
    yield from _rights(effective)
    for mount in effective.mounts:
        yield _entry(f"mount {mount.raw or mount.target}", "what is visible is the policy's to say", mount.origin)
    for text in effective.entrypoints:
        yield _entry("an entrypoint of a Feature", "it would run as root", text.origin)
    for port in effective.ports:
        yield _entry(f"port {port.raw}", f"to reach it: --publish {port.inside}", port.origin)


def _rights(effective: Effective) -> Iterator[Left]:
    if effective.privileged.value:
        yield _entry("privileged", "a sandbox has no rights over this machine", effective.privileged.origin)
    for kind, texts in (("capability", effective.cap_add), ("security option", effective.security_opt)):
        for text in texts:
            yield _entry(f"{kind} {text.value}", "a sandbox has its own", text.origin)
    for flag in effective.run_flags:
        why = "a sandbox has its own" if flag.name in _RIGHTS else "nothing raw reaches the engine"
        yield _entry(f"{flag.name} {flag.value or ''}".rstrip(), why, flag.origin)
    if effective.remote_user and effective.remote_user.value in ("root", "0"):
        yield _entry("the user root", "a sandbox's person is never root", effective.remote_user.origin)


def _entry(what: str, why: str, origin: Source) -> Left:
    return Left(what, why, origin.where)


def words(hook: Hook) -> tuple[str, ...]:
    """A hook as a command: a text goes to the image's shell, as the specification says."""
    return ("/bin/sh", "-c", hook.command) if isinstance(hook.command, str) else hook.command


def _shown(command: tuple[str, ...] | str) -> str:
    return command if isinstance(command, str) else " ".join(command)
