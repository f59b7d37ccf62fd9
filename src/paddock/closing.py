"""What is told when a command has ended, or could not start."""

from __future__ import annotations

from paddock.errors import CommandNotFound, PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.gateway.server import Summary
    from paddock.kernel.cgroups import Cgroup, Counts
    from paddock.kernel.reports import Report
    from paddock.plan.model import Limit, Plan
    from paddock.supervision import Outcome

_ENOENT, _EAGAIN, _ENOTDIR = 2, 11, 20
_ENDED_BY_FILE_SIZE = 128 + 25  # SIGXFSZ: setrlimit(2), RLIMIT_FSIZE; the same number in a shell's `$?`
_SHOWN = 5


def start_failure(command: Sequence[str], failure: Report) -> PaddockError:
    """The error for a command that never started."""
    step, _, reason = failure.text.partition(": ")
    if step == "process" and failure.number == _EAGAIN:
        return PaddockError(
            "the command could not be started inside",
            why="the limit on processes is reached",
            next_step="end something inside   or start the sandbox with more: --limit processes=…",
            code="start-failed",
        )
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


def messages(plan: Plan, outcome: Outcome, group: Cgroup | None, before: Counts | None = None) -> list[str]:
    """What ended the command, where it was not the command itself; what was lost. Names in it are unescaped.

    `before` is what the group had counted before the command. Limits that leave no trace when they are reached
    (open files, memory of each process, processor time) are not guessed at: the program itself was told.
    """
    messages = []
    wall = plan.limit("wall")
    if outcome.timed_out and wall:
        messages.append(f"stopped: the time limit of {wall.value:g} s was reached {_raised(wall)}")
    if group:
        messages += _told_by_group(plan, group.counts(), before)
    if outcome.exit_code == _ENDED_BY_FILE_SIZE:
        messages += _file_size(plan)
    messages += outcome.lost
    if outcome.private:
        names = ", ".join(outcome.private[:_SHOWN])
        messages.append(
            f"written to the private home and gone with it: {names}; what is to stay belongs in the repository"
        )
    return messages


def told_of_masks(repository: str, unmasked: Sequence[str]) -> list[str]:
    """What was made during the run under a name that is masked. Names in it are unescaped."""
    if not unmasked:
        return []
    names = _some([path.removeprefix(f"{repository}/") for path in unmasked])
    why = "made while the sandbox ran; masks hide what is there when it starts"
    return [f"not masked: {names}, {why}. If a secret is in it, the command may have read that: renew it"]


def _told_by_group(plan: Plan, counts: Counts, before: Counts | None) -> Iterator[str]:
    killed = counts.killed - (before.killed if before else 0)
    refused = counts.refused - (before.refused if before else 0)
    memory, processes = plan.limit("memory"), plan.limit("processes")
    if killed and memory:
        yield (
            f"out of memory: the kernel killed {killed} process{'es' if killed > 1 else ''} at the limit of "
            f"{_amount(memory)} {_raised(memory)}"
        )
    if refused and processes:
        yield (
            f"too many processes: the kernel refused a new one {refused} time{'s' if refused > 1 else ''} at the "
            f"limit of {_amount(processes)} {_raised(processes)}"
        )


def _file_size(plan: Plan) -> Iterator[str]:
    from paddock.kernel import rlimits

    limit, own = plan.limit("file_size"), rlimits.inherited("file_size")
    said = "a file was to grow beyond the limit of"
    if limit and rlimits.possible("file_size", int(limit.value)) == int(limit.value):
        yield f"{said} {_amount(limit)} {_raised(limit)}"
    elif own is not None:
        yield f"{said} {own} bytes that Paddock's own caller set; raise it there: ulimit -f"


def _amount(limit: Limit) -> str:
    from paddock.plan.describe import amount

    return amount(limit)


def _raised(limit: Limit) -> str:
    """Who set a limit, and how it is raised."""
    step = "only an administrator can raise it" if limit.origin.kind == "floor" else f"raise it: --limit {limit.name}=…"
    return f"({limit.origin}); {step}"


def told_by_gateway(summary: Summary) -> list[str]:
    """What the gateway refused or could not reach, in a few lines. Names in it are unescaped."""
    from paddock.gateway.reasons import REASONS
    from paddock.gateway.record import ALARM

    alarm = summary.ended.removeprefix(ALARM)
    messages = [f"network: {summary.ended}; from then on the sandbox had none"] if summary.ended else []
    if alarm != summary.ended:
        messages = [f"ALARM: {alarm}; the sandbox was ended. What was sent, and where: paddock log show"]
    refused = [refusal for refusal in summary.refusals if refusal.kind in ("dns", "refused")]
    unknown = [refusal.name for refusal in refused if (refusal.kind, refusal.reason) == ("dns", "not-allowed")]
    if unknown:
        messages.append(
            f"network: refused {_some(unknown)}; to allow one: --allow HOST[:PORT]; to choose among all: paddock learn"
        )
    told = [
        f"{refusal.name}{'' if refusal.kind == 'dns' else f':{refusal.port}'} ({REASONS[refusal.reason].what})"
        for refusal in refused
        if (refusal.kind, refusal.reason) != ("dns", "not-allowed")
    ]
    if told:
        messages.append(f"network: refused {_some(told)}")
    failed = [f"{one.name}:{one.port} ({REASONS[one.reason].what})" for one in summary.refusals if one.kind == "failed"]
    if failed:
        messages.append(f"network: allowed, but failed: {_some(failed)}")
    return messages


def _some(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
