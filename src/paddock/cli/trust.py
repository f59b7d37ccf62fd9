"""`paddock trust`: let a repository's policy file loosen, in exactly the form that was shown."""

from __future__ import annotations

import os
import sys

from paddock import sources, state, trust
from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.cli.views.answer import answer_to
from paddock.errors import PaddockError, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from paddock.policy.tightening import Loosening
    from paddock.trust import Pin

SUMMARY = "let this repository's policy file loosen, after showing how"
DETAILS = """A repository's policy can only tighten yours, since an agent can write it. Trust shows what the file
would loosen and pins its exact content at its exact place; any change voids the trust.

  paddock trust            show what ./paddock.toml would loosen, and ask
  paddock trust --yes      the same without asking
  paddock trust --list     what is trusted, and whether it still holds
  paddock trust --revoke   forget it"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `trust`."""
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="a repository or its policy file")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--list", action="store_true", help="print what is trusted")
    action.add_argument("--revoke", action="store_true", help="forget that PATH is trusted")


def perform(options: argparse.Namespace) -> Outcome:
    """Trust, list or revoke."""
    if options.list:
        return _list()
    if options.revoke:
        return _revoke(options.path)
    return _trust(options.path, yes=options.yes)


def _trust(path: str, *, yes: bool) -> Outcome:
    from paddock.policy.layering import loosenings, merge

    found = sources.gather(_repository(path))
    document = found.document
    if document is None:
        raise PaddockError(f"{path} has no policy file to trust", next_step="paddock policy init", code="no-policy")
    if document.doubt:
        raise Refused(
            f"{document.path} cannot be trusted",
            why=document.doubt,
            next_step=f"ls -l {document.path}   or allow what you want of it in your own: paddock policy init --person",
        )
    merge(found.layers, trusted=True)  # what loosens the floor is an error, trusted or not
    asked = loosenings(found.layers)
    known = trust.is_trusted(document)
    if not (known or yes):
        _confirm(document.path, asked)
    pin = trust.trust(document)
    text = f"{'still trusted' if known else 'trusted'}: {plain(pin.path)}\n" + _diff(asked)
    return Outcome(text, {**_data(pin, valid=True), "schema": 1, "loosens": [_row(one) for one in asked]})


def _confirm(path: str, asked: tuple[Loosening, ...]) -> None:
    """Show and ask on the terminal. Raises Refused without a clear yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(
            f"{path} is not trusted yet",
            why=_diff(asked),
            next_step="if that is what you want: paddock trust --yes",
            code="not-confirmed",
        )
    if answer_to(f"{plain(path)}\n{_diff(asked)}Trust exactly this content? [y/N] ").strip().lower() not in (
        "y",
        "yes",
    ):
        raise Refused("not trusted", why="you did not say yes", code="not-confirmed")


def _diff(asked: Iterable[Loosening]) -> str:
    lines = [f"  + {_sentence(one)}  ({plain(one.origin.where)})" for one in asked]
    if not lines:
        return "it asks for nothing beyond your own policy\n"
    return "\n".join(["it loosens your policy:", *lines]) + "\n"


def _sentence(one: Loosening) -> str:
    instead = f", instead of {plain(one.instead_of)}" if one.instead_of else ""
    return f"{one.key} {plain(one.asked)}{instead}"


def _row(one: Loosening) -> dict[str, str]:
    return {"key": one.key, "asked": one.asked, "instead_of": one.instead_of, "where": one.origin.where}


def _list() -> Outcome:
    pins = [(pin, _holds(pin)) for pin in trust.pins()]
    lines = [
        f"{plain(pin.path)}  {pin.since}  {'holds' if valid else 'void: the file has changed'}" for pin, valid in pins
    ]
    text = "\n".join(lines or ["nothing is trusted"]) + "\n"
    return Outcome(text, {"schema": 1, "trusted": [_data(pin, valid=valid) for pin, valid in pins]})


def _holds(pin: Pin) -> bool:
    """Whether the file is still what was trusted."""
    try:
        return trust.is_trusted(sources.read_file(pin.path, "repository"))
    except PaddockError:
        return False


def _data(pin: Pin, *, valid: bool) -> dict[str, object]:
    return {"path": pin.path, "sha256": pin.sha256, "since": pin.since, "valid": valid}


def _revoke(path: str) -> Outcome:
    repository = _repository(path)
    names = (
        os.path.abspath(path),
        *(f"{repository}/{name}" for name in (sources.REPOSITORY_FILE, *sources.DEVCONTAINERS)),
    )
    revoked = [name for name in dict.fromkeys(names) if trust.revoke(name)]
    if not revoked:
        raise PaddockError(f"{path} is not trusted", next_step="paddock trust --list", code="not-trusted")
    text = "".join(f"no longer trusted: {plain(name)}\n" for name in revoked)
    return Outcome(text, {"schema": 1, "revoked": revoked})


def _repository(path: str) -> str:
    """The repository that a path names: a directory, or a policy file in it."""
    from paddock.planning import find_repository

    # A link that stands for the file itself is not followed: it would lead to another repository's policy.
    folder = os.path.realpath(path if os.path.isdir(path) else os.path.dirname(path) or ".")
    return find_repository(folder.removesuffix("/.devcontainer") or "/", state.home())
