"""Enter a sandbox that another Paddock process runs."""

from __future__ import annotations

from paddock import closing, live, starting
from paddock.boundary.gvisor import Runsc
from paddock.errors import Refused, SessionError
from paddock.frozen import replace
from paddock.kernel import cgroups, streams
from paddock.kernel.join import join
from paddock.kernel.namespaces import namespaces_of
from paddock.kernel.signals import HeldBack
from paddock.remarks import complain
from paddock.supervision import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.plan.model import Plan


def _refuse_secrets(plan: Plan, extra: Mapping[str, str]) -> None:
    """A variable that holds a placeholder gets no other value: what a person types here may be the secret."""
    for credential in plan.credentials:
        for name in credential.variables:
            if name in extra:
                raise Refused(
                    f"{name} cannot be set: credential {credential.name} ({credential.origin}) keeps it outside",
                    why="inside, the variable holds a placeholder that the gateway swaps",
                    next_step=f"leave --env {name}=… out",
                )


def execute(name: str, command: Sequence[str], *, cwd: str = "", extra: Mapping[str, str] | None = None) -> int:
    """Run a command in the live sandbox of that name; its exit code, 128+n for a signal.

    Raises SessionError when there is no such sandbox, CommandNotFound and its kin as `session.run` does.
    """
    from paddock.plan import serial

    streams.refuse_unfit()
    entry = live.find(name)
    data = entry.data()
    if data.get("init_pid") == 0:
        raise SessionError(
            f"{name} runs under landlock, which nothing can be added to", next_step="use --boundary bubblewrap for that"
        )
    if not data.get("init_pid"):
        raise SessionError(f"{name} is still starting", next_step="try again in a moment")
    try:
        namespaces = namespaces_of(int(data["init_pid"]), people=str(data.get("people") or ""))
    except OSError as error:
        raise SessionError(f"{name} has just ended", why=error.strerror or "", next_step="paddock ps") from error
    # The pid was read before; only a sandbox that lives still cannot have given it to somebody else.
    if live.find(name).holder != entry.holder:
        raise SessionError(f"{name} has just ended", next_step="paddock ps")
    plan = serial.from_data(data["plan"])
    _refuse_secrets(plan, extra or {})
    guest = Runsc(**data["guest"]) if data.get("guest") else None
    start = starting.start_of(plan, {key: int(value) for key, value in data["limits"].items()}, guest)
    start = replace(
        start, argv=tuple(command), cwd=cwd or start.cwd, environment={**start.environment, **(extra or {})}
    )
    group = cgroups.Cgroup(**data["cgroup"]) if data.get("cgroup") else None
    before = group.counts() if group else None
    held_back = HeldBack()
    held_back.begin()  # who ends us before the command is supervised would leave it in the sandbox, alone
    try:
        outcome = Supervisor(join(namespaces, start, starting.joining(group)), None).run()
    finally:
        held_back.release()
    namespaces.close()
    if outcome.failure:
        raise closing.start_failure(command, outcome.failure)
    for message in closing.messages(plan, outcome, group, before):
        complain(message)
    return outcome.exit_code
