"""`paddock clean`: remove what a crash left, and show that nothing is left."""

from __future__ import annotations

from paddock import ending, proving
from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "remove what a crashed Paddock left behind"
DETAILS = """Looks for directories, control groups, processes, mounts and half-made change sets that belong to no live
sandbox, and for what a killed proof planted, removes them, looks again and says what it found. Held change sets are not
touched. Logs older than 90 days are removed too, and older ones first while all take more than 1 GiB; none younger than
14 days. Exits with 125 when something could not be removed."""


def declare(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def perform(options: argparse.Namespace) -> Outcome:  # noqa: ARG001 - the commands' common shape
    """Clean, then look again. What has come to its end meanwhile was not there to be removed, and is now."""
    removed, left = _clean()
    before: list[str] = []
    while left and left != before:
        before = left
        more, left = _clean()
        removed += more
    if left:
        raise PaddockError(
            "something could not be removed", why="\n".join(left), next_step="paddock ps", code="not-clean"
        )
    text = "".join(f"removed {plain(thing)}\n" for thing in removed) + "nothing is left\n"
    return Outcome(text, {"schema": 1, "removed": removed, "left": left})


def _clean() -> tuple[list[str], list[str]]:
    """What was removed, and what is left."""
    removed = [*ending.clean(), *proving.clean()]
    return removed, [*ending.left_over(), *proving.left_over()]
