"""`paddock login`: an agent's own login, inside, with the way back for the browser; its tokens then stay outside."""

from __future__ import annotations

import os

from paddock.cli.outcome import Outcome
from paddock.errors import PaddockError, Refused, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.plan.model import Plan
    from paddock.plan.profile import Profile

SUMMARY = "log an agent in, and keep its tokens outside"
DETAILS = """Runs the agent's own login in a sandbox, with a state of its own. Open the address that it prints in your
browser; where the browser comes back to a port of this machine, that port leads inside until the login has ended. The
workspace is only read.

Afterwards the tokens are taken out, and kept below Paddock's state for all your repositories. Inside, the agent finds
placeholders that never grow old; the gateway puts the access token in on the way to the agent's own API, and Paddock
renews it outside. So it is for Claude Code, Codex and pi; of other agents the tokens stay in their state for this
repository, where what runs inside can read them.

examples:
  paddock login claude
  paddock login                     which logins are kept, and how long each token is good
  paddock login claude --forget     drop them here; to end them, log out at the service as well"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The agent's name."""
    parser.add_argument("agent", nargs="?", metavar="AGENT", help="claude, codex, copilot, gemini, opencode or pi")
    parser.add_argument("--forget", action="store_true", help="drop the agent's logins, of all repositories")


def perform(options: argparse.Namespace) -> Outcome:
    """Run the login; the outcome's exit code is the agent's."""
    from paddock.agents import COMMANDS
    from paddock.agents.profile import load

    if not options.agent:
        if options.forget:
            raise Usage("which login?", next_step="paddock login AGENT --forget")
        return _status()
    name = COMMANDS.get(options.agent)
    if name is None:
        raise Usage(f"no agent is called {options.agent!r}", next_step=f"one of: {', '.join(sorted(COMMANDS))}")
    profile = load(name)
    if options.forget:
        return _forget(profile)
    return _log_in(profile)


def _log_in(profile: Profile) -> Outcome:
    from paddock import scope
    from paddock.planning import make_login_plan

    scope.enter()
    terminal = any(map(os.isatty, (0, 1, 2)))
    if not profile.login.tokens:
        plan = make_login_plan(os.getcwd(), profile, terminal=terminal)
        code = _run(plan, profile)
        places = [mount.source for mount in plan.mounts if mount.access == "write"]
        if code == 0:
            _say(f"what {profile.name} keeps of the login lies in {', '.join(places)}; what runs inside can read it")
        return Outcome(exit_code=code, data={"schema": 1, "exit_code": code, "state": places, "kept": []})
    code, found = _log_in_apart(profile, terminal=terminal)
    if found:
        _say(f"the tokens of {profile.title} are kept outside, for all your repositories: paddock run {profile.name}")
    elif code == 0:
        raise PaddockError(
            f"{profile.title} left no tokens that Paddock knows how to keep outside",
            why="the login was not finished, or was not one with a subscription",
            next_step=f"for a key, set its variable out here: paddock plan -- {profile.name}",
            code="login",
        )
    return Outcome(exit_code=code, data={"schema": 1, "exit_code": code, "state": [], "kept": list(found)})


def _log_in_apart(profile: Profile, *, terminal: bool) -> tuple[int, tuple[str, ...]]:
    """Log in with a state that is thrown away, one login of an agent at a time: the exit code, and what is kept now."""
    import shutil

    from paddock import state
    from paddock.agents import logins
    from paddock.credentials.logins import locked
    from paddock.planning import find_repository, make_login_plan, real_directory

    with locked(logins.place_of_fresh_state(profile)):
        fresh = logins.fresh_state(profile)
        try:
            plan = make_login_plan(os.getcwd(), profile, terminal=terminal, fresh=fresh)
            code = _run(plan, profile)
            repository = state.repository_key(find_repository(real_directory(os.getcwd())))
            found = logins.take_all(profile, f"{fresh}/{profile.state.place_of_login()[0]}", repository)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return code, found


def _run(plan: Plan, profile: Profile) -> int:
    from paddock import session

    _refuse_useless(plan, profile.name)
    ended = session.run(plan, quiet=True)
    for message in ended.messages:
        _say(message)
    return ended.exit_code


def _say(message: str) -> None:
    from paddock.remarks import complain

    complain(message)


def _status() -> Outcome:
    import time

    from paddock.agents import logins
    from paddock.agents.profile import load, names
    from paddock.credentials import logins as store

    found: list[dict[str, object]] = []
    lines = []
    for profile in map(load, names()):
        for repository, name in logins.kept(profile):
            kept = store.load(store.place("/".join(filter(None, (profile.name, repository, name)))))
            expires = kept.login.expires if kept else 0.0
            renews = bool(kept and kept.login.refresh)
            found.append(
                {"agent": profile.name, "login": name, "repository": repository or None, "expires": expires or None,
                 "renews": renews}
            )  # fmt: skip
            left = int((expires - time.time()) / 60)
            good = f"the token is good for {left} min" if left > 0 else "the token has ended"
            after = "" if not expires else f"; {good}{', and is then renewed' if renews else ''}"
            lines.append(f"{profile.name:10}{name:14}{repository or 'all repositories'}{after}")
    return Outcome(data={"schema": 1, "logins": found}, text="\n".join(lines or ["no login is kept"]) + "\n")


def _forget(profile: Profile) -> Outcome:
    from paddock.agents import logins

    count = logins.forget(profile) if profile.login.tokens else 0
    if not count:
        raise PaddockError(f"no login of {profile.title} is kept", next_step="paddock login", code="login")
    text = f"{profile.title}: {count} forgotten here; the service takes the tokens until you log out there too\n"
    return Outcome(data={"schema": 1, "forgotten": count}, text=text)


def _refuse_useless(plan: Plan, name: str) -> None:
    """A login that reaches nothing would only wait. Raises Refused."""
    if plan.agent and plan.network.mode != "off":
        return
    why = "; ".join(plan.notes) or "the network is off"
    raise Refused(f"{name} cannot be logged in here", why=why, next_step=f"paddock plan -- {name}")
