"""`paddock shell`: an interactive shell in a sandbox."""

from __future__ import annotations

import os

from paddock.cli import flags, rooting, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.cli.outcome import Outcome

SUMMARY = "open a shell in a sandbox for this repository"
DETAILS = """The same as `paddock run -- $SHELL`: your shell where the system has it, else bash or sh. Leave it with
exit or Ctrl-D; what you changed in the repository is then held for review.

example:
  paddock shell --workspace scratch     try something, keep nothing"""

_SHELLS = ("/usr/bin/bash", "/bin/bash", "/bin/sh")


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `shell`."""
    flags.declare_policy_flags(parser)
    run.declare_session_flags(parser)


def perform(options: argparse.Namespace) -> Outcome:
    """Open the shell; the outcome's exit code is the shell's."""
    image = rooting.named(options)
    return run.start(options, [image.shell if image else _shell()])


def _shell() -> str:
    wanted = os.environ.get("SHELL", "")
    own = (wanted,) if wanted.startswith(("/bin/", "/usr/")) else ()
    return next((path for path in (*own, *_SHELLS) if os.path.isfile(path) and os.access(path, os.X_OK)), "/bin/sh")
