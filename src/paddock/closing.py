"""What is told when a command has ended, or could not start."""

from __future__ import annotations

from paddock.errors import CommandNotFound, PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.gateway.server import Summary
    from paddock.kernel.cgroups import Cgroup
    from paddock.kernel.reports import Report
    from paddock.plan.model import Plan
    from paddock.supervision import Outcome

_ENOENT, _ENOTDIR = 2, 20
_SHOWN = 5


def start_failure(command: Sequence[str], failure: Report) -> PaddockError:
    """The error for a command that never started."""
    step, _, reason = failure.text.partition(": ")
    if step != "command":
        return PaddockError(
            "the command could not be started inside",
            why=f"{step}: {reason}",
            next_step="paddock doctor",
            code="start-failed",
        )
    if failure.number in (_ENOENT, _ENOTDIR):
        return CommandNotFound(
            f"{command[0]} was not found inside the sandbox",
            why="it is not on the PATH that is visible there, or its interpreter is not",
            next_step=_where_it_is(command[0]),
        )
    return NotExecutable(f"{command[0]} could not be executed inside the sandbox", why=reason)


def _where_it_is(program: str) -> str:
    """A call that says so. What is no plain word must be quoted, and a leading hyphen is no option."""
    from shlex import quote

    return f"paddock explain {'-- ' if program.startswith('-') else ''}{quote(program)}"


class NotExecutable(PaddockError):
    """The command was found but the kernel refused to execute it."""

    code = "not-executable"
    exit_code = 126


def messages(plan: Plan, outcome: Outcome, group: Cgroup | None, killed_before: int = 0) -> list[str]:
    """What ended the command, where it was not the command itself; what was lost. Names in it are unescaped.

    `killed_before` are the group's out-of-memory kills from before the command.
    """
    messages = []
    wall, memory = plan.limit("wall"), plan.limit("memory")
    if outcome.timed_out and wall:
        messages.append(f"stopped: the time limit of {wall.value:g} s was reached ({wall.origin})")
    kills = group.out_of_memory_kills() - killed_before if group else 0
    if kills and memory:
        messages.append(
            f"out of memory: the kernel killed {kills} process{'es' if kills > 1 else ''} at the limit of "
            f"{memory.value / (1 << 20):g} MiB ({memory.origin}); raise it: --limit memory=…"
        )
    if outcome.private:
        names = ", ".join(outcome.private[:_SHOWN])
        messages.append(
            f"written to the private home and gone with it: {names}; what is to stay belongs in the repository"
        )
    return messages


def told_by_gateway(summary: Summary) -> list[str]:
    """What the gateway refused, in two lines at most. Names in it are unescaped."""
    messages = [f"network: {summary.ended}; from then on the sandbox had none"] if summary.ended else []
    unknown = [refusal.name for refusal in summary.refusals if refusal.kind == "dns"]
    if unknown:
        messages.append(f"network: refused {_some(unknown)}; to allow a name: --allow HOST[:PORT]")
    others = [refusal for refusal in summary.refusals if refusal.kind != "dns"]
    if others:
        from paddock.gateway.reasons import REASONS

        told = [f"{refusal.name}:{refusal.port} ({REASONS[refusal.reason].what})" for refusal in others]
        messages.append(f"network: refused {_some(told)}")
    return messages


def _some(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
