"""Mode live as a session sees it: look before the start, watch meanwhile, tell at the end."""

from __future__ import annotations

import os

from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.unwinding import Unwinding
    from paddock.workspace.hazards.catalogue import Rules
    from paddock.workspace.live.survey import Survey
    from paddock.workspace.live.sweep import Rules as LiveRules
    from paddock.workspace.live.watch import Watch


def begin(survey: Survey, rules: Rules, name: str, undo: Unwinding) -> Watch:
    """Watch a repository until `undo` or its `finish`. What earlier runs could not clear is cleared first.

    Says so where it cannot be watched everywhere. Raises PaddockError.
    """
    from paddock.workspace.live import watch

    for message in recover():
        complain(message)
    made = watch.start(name, survey, _live_rules(rules))
    undo.callback(made.abandon)
    made.wait_until_ready()
    if made.partly:
        complain(
            "not every directory here can be watched (fs.inotify.max_user_watches, or more than "
            f"{watch.MOST_WATCHED} of them): what becomes dangerous there is found when the run ends"
        )
    return made


def _live_rules(rules: Rules) -> LiveRules:
    """The same for mode live: what is done about a path, and who judges a change."""
    from paddock.workspace.hazards.judging import Judge
    from paddock.workspace.live.standing import Standing

    return Standing(rules), lambda upper, lower: Judge(rules, upper, lower)


def recover() -> list[str]:
    """Clear the repositories of live runs that were killed together with their watch; in words."""
    from paddock.workspace.live import ground

    if not os.path.isdir(ground.home()):
        return []
    from paddock import reviewing
    from paddock.workspace.live import findings, recovery

    cleared = recovery.recover(lambda repository: _live_rules(reviewing.rules_for(repository)))
    return [
        f"a live run in {repository} that was killed: {message}"
        for repository, found in cleared
        for message in findings.messages(found) or ["nothing dangerous was left"]
    ]


def left() -> list[str]:
    """Live runs that were killed together with their watch, in words."""
    from paddock.workspace.live import ground

    if not os.path.isdir(ground.home()):
        return []
    from paddock.workspace.live import recovery

    return [f"a live run that nobody watches any more {path}" for path in recovery.left()]
