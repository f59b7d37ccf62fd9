"""`paddock scan`: secrets in this repository's files, what in it leads out, and masks for what should not be seen."""

from __future__ import annotations

import os

from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.cli.views import scanned
from paddock.errors import PaddockError, Usage
from paddock.planning import make_plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from paddock.plan.model import Plan
    from paddock.preflight.findings import Report

SUMMARY = "find secrets in this repository's files, and what in it leads out"
DETAILS = """Everything in a repository can be read inside. This finds tokens, keys and passwords in its files, hard and
symbolic links that leave it, sockets, set-uid programs and repositories within it. The first `paddock run` in a
repository does the same on a terminal. Only what has changed is looked into again. No secret is printed or kept.

  paddock scan                     what there is
  paddock scan --mask              have the files with secrets be empty inside, for you, from now on
  paddock scan --mask src/demo.py  the same for files that you choose
  paddock scan --mask --in-policy  the same for everybody: written into paddock.toml
  paddock scan --unmask .npmrc     show one again"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `scan`."""
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--mask", nargs="*", metavar="FILE", help="mask FILE, or all files that hold secrets")
    action.add_argument("--unmask", nargs="+", metavar="FILE", help="take back what --mask did")
    parser.add_argument("--in-policy", action="store_true", help="with --mask: write paddock.toml, not your own list")
    parser.add_argument("--all", action="store_true", help="print everything, also what lies in installed packages")
    parser.add_argument("--anew", action="store_true", help="look into every file again")


def perform(options: argparse.Namespace) -> Outcome:
    """Scan and report, or change the masks."""
    if options.in_policy and options.mask is None:
        raise Usage("--in-policy says where --mask writes", next_step="paddock scan --mask --in-policy")
    plan = make_plan(os.getcwd(), (), None, terminal=False, create=False)
    repository = plan.workspace.source
    if options.unmask:
        return _unmask(repository, _named(repository, options.unmask))
    chosen = _named(repository, options.mask) if options.mask else ()
    if chosen:
        return _mask(repository, chosen, in_policy=options.in_policy)
    report = _scan(repository, anew=options.anew)
    masked = masked_in(plan)
    if options.mask is not None:
        return _mask_all(report, masked, in_policy=options.in_policy)
    from paddock.preflight.offer import offered

    text = scanned.text(report, masked, everything=options.all)
    if offered(report, masked):
        text += "\nnext: paddock scan --mask   has the files with secrets be empty inside\n"
    return Outcome(text, scanned.data(report, masked))


def masked_in(plan: Plan) -> frozenset[str]:
    """What the policy masks already, relative to the repository."""
    return frozenset(mask.target.removeprefix(f"{plan.workspace.source}/") for mask in plan.workspace.masks)


def _scan(repository: str, *, anew: bool) -> Report:
    from paddock.preflight import place
    from paddock.preflight.scan import scan

    progress = scanned.Progress("looking for secrets")
    try:
        progress.tick(0, 0)
        report = scan(repository, anew=anew, tick=progress.tick)
    finally:
        progress.end()
    place.note_asked(repository)
    return report


def _named(repository: str, words: Sequence[str]) -> tuple[str, ...]:
    """Paths that a person typed, relative to the repository, with the links on the way to them followed."""
    found = []
    for word in words:
        real = os.path.realpath(word)
        if not real.startswith(f"{repository.rstrip('/')}/"):
            raise Usage(f"{word} is not in {repository}", why="only files of the repository are masked")
        found.append(real.removeprefix(f"{repository.rstrip('/')}/"))
    return tuple(found)


def _mask_all(report: Report, masked: frozenset[str], *, in_policy: bool) -> Outcome:
    from paddock.preflight.offer import offered

    chosen = offered(report, masked)
    if not chosen:
        return Outcome(
            "nothing to mask: paddock scan shows what there is\n", {"schema": 1, "masked": [], "written": None}
        )
    return _mask(report.repository, chosen, in_policy=in_policy)


def _mask(repository: str, paths: Sequence[str], *, in_policy: bool) -> Outcome:
    for path in paths:
        if not os.path.lexists(f"{repository}/{path}"):
            raise Usage(f"{path} does not exist", why="a mask covers what is there")
    if in_policy:
        return _into_policy(repository, paths)
    from paddock.preflight import masks

    masks.change(repository, lambda now: (*now, *paths))
    return Outcome(_told("empty inside from now on", paths), {"schema": 1, "masked": list(paths), "written": None})


def _into_policy(repository: str, paths: Sequence[str]) -> Outcome:
    from paddock import sources
    from paddock.policy.parsing import decode
    from paddock.preflight import policy_file

    path = f"{repository}/{sources.REPOSITORY_FILE}"
    before = ""
    if os.path.lexists(path):
        before = decode(sources.read_file(path, "repository").raw, sources.REPOSITORY_FILE)
    after = policy_file.with_masks(before, paths)
    if after is None:
        raise PaddockError(
            f"{sources.REPOSITORY_FILE} is not extended",
            why="it has a list of masks already, or no [workspace] line to put one below",
            next_step=f"add under [workspace]: {policy_file.line(paths)}",
            code="by-hand",
        )
    policy_file.replace(path, after)
    text = _told(f"written into {plain(path)}, empty inside from now on", paths)
    note = "a trust in that file is void now: paddock trust\n" if before else ""
    return Outcome(text + note, {"schema": 1, "masked": list(paths), "written": path})


def _unmask(repository: str, paths: Sequence[str]) -> Outcome:
    from paddock.preflight import masks

    def without(now: tuple[str, ...]) -> list[str]:
        others = [path for path in paths if path not in now]
        if others:
            raise Usage(
                f"{others[0]} was not masked by a scan",
                why="a policy may mask it all the same",
                next_step=f"paddock explain {others[0]}",
            )
        return [path for path in now if path not in paths]

    masks.change(repository, without)
    return Outcome(_told("seen again inside", paths), {"schema": 1, "unmasked": list(paths)})


def _told(what: str, paths: Sequence[str]) -> str:
    return "".join([f"{what}:\n", *(f"  {plain(path)}\n" for path in paths)])
