"""`paddock learn`: what a session was refused, as a proposal for the policy."""

from __future__ import annotations

from paddock import sources, state
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.errors import PaddockError, Refused
from paddock.frozen import as_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from paddock.learning.judging import Judged
    from paddock.policy.model import Policy
    from paddock.record.chain import Event
    from paddock.record.logs import Log
    from paddock.sources import Gathered

SUMMARY = "propose a policy from what a session was refused"
DETAILS = """Reads the record of a session in this repository and proposes what to add to ./paddock.toml, as a diff, the
least risk first. Whoever writes what an agent reads may write these names too, so read them. Never proposed: addresses,
names of your own network, places where anybody can leave or catch data, tunnels, resolvers, names that look like data.

  paddock learn                what the newest session here was refused
  paddock learn quiet-otter    another one: a log's ID or a sandbox's name
  paddock learn --write        change ./paddock.toml; it counts when you trust it: paddock trust"""

_STYLES = {"low": "green", "medium": "yellow", "high": "red"}
_LEFT_OUT_SHOWN = 20


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `learn`."""
    parser.add_argument(
        "name", nargs="?", default="", metavar="ID", help="a log or a sandbox (default: the newest here)"
    )
    parser.add_argument("--write", action="store_true", help="write ./paddock.toml, which stays untrusted")


def perform(options: argparse.Namespace) -> Outcome:
    """Judge a session's refusals; show the diff, or write it."""
    from paddock import replacing
    from paddock.learning import amending, judging, wishes
    from paddock.planning import find_repository, real_directory

    repository = find_repository(real_directory("."), state.home())
    log = _log(options.name, repository)
    found = sources.gather(repository)
    before = _text_of(found)
    policy = _merged(found, before, repository)
    judged = judging.judge(wishes.gather(_events(log)), policy.allow, policy.deny)
    after = amending.amended(before, judged.proposals)
    _merged(found, after, repository)
    path = f"{repository.rstrip('/')}/{sources.REPOSITORY_FILE}"
    written = options.write and after != before
    if written:
        replacing.replace(path, before.encode(), after.encode(), again="paddock learn")
    diff = _diff(before, after)
    data = {"schema": 1, "log": log.id, "path": path, "written": written, "diff": diff}
    data |= {"proposals": as_data(judged.proposals), "left_out": as_data(judged.left_out)}
    return Outcome(_text(judged, diff, written=written), data)


def _text_of(found: Gathered) -> str:
    """The repository's policy file as it is; nothing where there is none."""
    from paddock.policy.parsing import decode

    document = found.document
    if document is None:
        return ""
    if not document.path.endswith(f"/{sources.REPOSITORY_FILE}"):
        raise PaddockError(
            f"this repository's policy is in {document.where}",
            why=f"a proposal would go to {sources.REPOSITORY_FILE}, and only one file can hold a policy",
            next_step=f"move the policy to {sources.REPOSITORY_FILE}, then: paddock learn",
            code="cannot-amend",
        )
    return decode(document.raw, document.where)


def _merged(found: Gathered, text: str, repository: str) -> Policy:
    """The policy as it would be if a person trusted this text. Raises PolicyError for what the floor refuses."""
    from paddock.policy.layering import merge
    from paddock.policy.parsing import parse_toml

    ours = parse_toml(text, sources.REPOSITORY_FILE, "repository", repository)
    return merge((*(layer for layer in found.layers if layer.kind != "repository"), ours), trusted=True)


def _log(name: str, repository: str) -> Log:
    """The named log, or the newest of this repository. Raises SessionError, and Refused for one that was changed."""
    from paddock.record import logs, verifying

    log = logs.find(name) if name else next(filter(lambda one: _is_here(one, repository), reversed(logs.every())), None)
    if log is None:
        raise PaddockError(
            "no session in this repository has been recorded yet", next_step="paddock log verify", code="no-record"
        )
    if not _is_here(log, repository):
        raise PaddockError(
            f"{log.id} is the record of another repository", next_step="cd there, then: paddock learn", code="no-record"
        )
    found = verifying.verify(log)
    if found.state == "broken":
        raise Refused(
            f"{log.id} is not what was written, so nothing is learnt from it",
            why=f"line {found.line}: {found.what}",
            next_step=f"paddock log verify {log.id}",
            code="broken-record",
        )
    return log


def _is_here(log: Log, repository: str) -> bool:
    from paddock.record import reading

    for line in reading.events(log):
        return bool(line and line.event and line.event.get("repository") == repository)
    return False


def _events(log: Log) -> Iterator[Event]:
    from paddock.record import reading

    return (line.event for line in reading.events(log) if line and line.event)


def _diff(before: str, after: str) -> str:
    from difflib import unified_diff

    name = sources.REPOSITORY_FILE
    lines = unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{name}" if before else "/dev/null",
        f"b/{name}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _text(judged: Judged, diff: str, *, written: bool) -> str:
    lines = [
        f"{paint(f'{one.risk:<6}', _STYLES[one.risk])}  {plain(one.host)}:{one.port}  {plain(one.why)}"
        + (f"\n        {paint(one.warning, 'yellow')}" if one.warning else "")
        for one in judged.proposals
    ] or ["nothing to propose"]
    if judged.left_out:
        lines += ["", "not proposed:"]
        lines += [f"  {plain(one.name) or '?'}: {one.why}" for one in judged.left_out[:_LEFT_OUT_SHOWN]]
        more = len(judged.left_out) - _LEFT_OUT_SHOWN
        lines += [f"  and {more} more; all of them: --json"] if more > 0 else []
    if written:
        lines += ["", f"wrote {sources.REPOSITORY_FILE}; look at it, then let it count: paddock trust"]
    elif diff:
        lines += ["", *plain_lines(diff), "", "to write it: paddock learn --write"]
    return "\n".join(lines) + "\n"


def plain_lines(diff: str) -> list[str]:
    """A diff's lines without control characters: what stands in the file may be an agent's."""
    return [plain(line) for line in diff.rstrip("\n").split("\n")]
