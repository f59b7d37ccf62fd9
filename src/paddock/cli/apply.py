"""`paddock apply`: take changes over into the repository."""

from __future__ import annotations

import os

from paddock import commits
from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.cli.views import applied, held, judged
from paddock.errors import Usage
from paddock.frozen import as_data
from paddock.workspace import overlaps
from paddock.workspace.applying.wishes import Report, Wishes
from paddock.workspace.change_set import walk
from paddock.workspace.selection import Selection, words_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.commits import Taken
    from paddock.workspace.overlaps import Overlap
    from paddock.workspace.store import ChangeSetDirectory

SUMMARY = "take held changes over into this repository"
DETAILS = """Writes what the sandbox changed to the repository, each file in one step, and removes it from the
change set. What cannot or must not be written stays held:

  hazards      what the host would execute, trust or be steered by; --hazards=CLASS takes those of a class
               (git, editor, agent, shell, build, ci, container, policy, shape), or of one rule, --hazards all
  conflicts    the host's file is not the one that the sandbox changed; nothing is overwritten, unless
               --force PATH; --merge puts changes in different places of a text together
  held         sockets, FIFOs and devices are never applied

What the sandbox committed comes as a branch, paddock/NAME, checked by git (fsck) on the way; several branches as
paddock/NAME+BRANCH. Your index, stash, configuration and other branches stay as they are; hooks and everything else
in .git never come over.

  paddock apply                   everything; asks first on a terminal
  paddock apply -p                one by one, texts hunk by hunk
  paddock apply src '*.md'        a directory, a pattern
  paddock apply --dry-run         say what would happen
  paddock apply --as branch       only the commits; --as tree: only the files
  paddock apply --ignored dist    what git ignores, which is no part of a change set
  paddock undo                    take the last apply back

Killed half-way, the next apply goes on. exit status: 0 all that was asked for is applied; 1 something
conflicts or could not be written; 2 something waits for consent"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `apply`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these; a directory or a pattern means all in it")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "-p", "--interactive", action="store_true", help="ask about each change, and each hunk of a text"
    )
    parser.add_argument("--dry-run", action="store_true", help="judge everything, write nothing")
    parser.add_argument(
        "--hazards", nargs="?", const=judged.ALL, metavar="CLASS", help="take hazards too; of these classes or rules"
    )
    parser.add_argument("--merge", action="store_true", help="where both sides changed different places, take both")
    parser.add_argument(
        "--force", action="append", default=[], metavar="PATH", help="overwrite this in spite of a conflict"
    )
    parser.add_argument(
        "--as",
        metavar="WHAT",
        dest="how",
        help="tree: files; branch: commits; both: the default, but for PATHs and -p, which mean files",
    )
    parser.add_argument("--branch", metavar="NAME", help="the branch for the commits, instead of paddock/NAME")
    parser.add_argument("--links", action="store_true", help="take links that lead out of the repository too")
    parser.add_argument("--ignored", action="store_true", help="take PATHs that git ignores, and nothing else")
    parser.add_argument("--no-undo", action="store_true", help="keep nothing of what is overwritten")
    held.declare_name(parser)


def perform(options: argparse.Namespace) -> Outcome:
    """Apply and tell."""
    if options.interactive and (options.dry_run or options.yes):
        raise Usage("--interactive asks, and cannot go with --yes or --dry-run", next_step="paddock apply -p")
    _how(options)  # what makes no sense makes none where nothing is held either
    if options.ignored:
        from paddock.cli.views import asked

        return asked.perform(options, _take)
    directory = held.chosen(options.name)
    if directory is None:
        return Outcome(held.NOTHING, {"schema": 1, "name": None, "applied": [], "problems": [], "remaining": False})
    return _take(directory, options)


def _take(directory: ChangeSetDirectory, options: argparse.Namespace) -> Outcome:
    how = _how(options)
    wishes = _wishes(directory, options)
    if options.interactive:
        from paddock.cli.views import review

        _demand(directory, options)
        taken = commits.take(directory, wishes, how, options.branch or "", review.perform_held)
    else:
        if options.paths or options.force or not options.yes:
            _look_first(directory, wishes, options)
        taken = commits.take(directory, wishes, how, options.branch or "")
    return _outcome(directory, taken, options, undo=wishes.undo)


def _how(options: argparse.Namespace) -> str:
    """What is meant: files, commits or both. Raises Usage."""
    chosen: str = options.how or (commits.TREE if options.paths or options.interactive else commits.BOTH)
    if chosen not in (commits.TREE, commits.BRANCH, commits.BOTH):
        raise Usage(f"--as {chosen!a} is not known", why="expected tree, branch or both", next_step="--as both")
    if options.branch and chosen == commits.TREE:
        raise Usage("--branch names a branch, and only files are meant", next_step="paddock apply --as branch …")
    if chosen == commits.BRANCH and (options.paths or options.interactive or options.force or options.merge):
        raise Usage("--as branch takes whole commits: no paths, and nothing to ask", next_step="paddock diff --commits")
    return chosen


def _outcome(directory: ChangeSetDirectory, taken: Taken, options: argparse.Namespace, *, undo: bool) -> Outcome:
    from paddock.cli.views import committed

    text, codes = committed.text(taken, dry=options.dry_run), [committed.exit_code(taken)]
    in_the_way: tuple[Overlap, ...] = ()
    if taken.files:
        in_the_way = overlaps.after(directory, taken.files.applied)
        text += applied.text(directory, taken.files, dry=options.dry_run, undo=undo)
        text += "".join(f"{line}\n" for line in applied.overlap_lines(in_the_way))
        codes.append(applied.exit_code(taken.files))
    elif taken.remaining and not options.dry_run:
        text += f"the files are held as {directory.name!r}: paddock diff --name {directory.name}\n"
    report = taken.files or Report((), (), taken.remaining)
    data = {**applied.data(directory, report, dry=options.dry_run), **committed.result(taken)}
    data["overlaps"] = as_data(in_the_way)
    return Outcome(text or committed.NOTHING, data, applied.NOT_ALL if applied.NOT_ALL in codes else max(codes))


def _wishes(directory: ChangeSetDirectory, options: argparse.Namespace) -> Wishes:
    judging = judged.Judging(directory.repository)
    selection = held.selected(directory, options.paths)
    return Wishes(
        selection,
        Selection(words_in(directory.repository, os.getcwd(), options.force)) if options.force else None,
        options.links,
        options.dry_run,
        judge=judging,
        consent=judging.consent(options.hazards),
        merge=selection if options.merge else (),
        undo=not options.no_undo,
    )


def _demand(directory: ChangeSetDirectory, options: argparse.Namespace) -> int:
    """Refuse paths that are not there before anything is written. How many changes are meant."""
    selection, force = held.selected(directory, options.paths), held.selected(directory, options.force)
    number = 0
    with held.trees(directory) as (upper, lower):
        for change in walk(upper, lower):
            force.note(change.path)
            number += change.path in selection and (not change.held or change.held == "link")
    selection.demand()
    force.demand()
    return number


def _look_first(directory: ChangeSetDirectory, wishes: Wishes, options: argparse.Namespace) -> None:
    """The same, and ask."""
    number = _demand(directory, options)
    if options.yes or options.dry_run:
        return
    but = "" if wishes.consent.everything else " Hazards stay held."
    question = f"Apply {held.counted(number, 'change')} of {directory.name!r} to {plain(directory.repository)}?{but}"
    if not held.confirm(question, required=False):
        raise Usage("nothing was applied", next_step="paddock diff", code="declined")
