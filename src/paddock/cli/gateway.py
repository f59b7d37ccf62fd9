"""`paddock gateway`: one process for the networks of all sandboxes that start while it runs."""

from __future__ import annotations

from paddock import egress
from paddock.cli.outcome import Outcome
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "serve the network of all sandboxes that start from now on"
DETAILS = """Stays in the foreground until Ctrl-C. Every paddock run with a network that you start meanwhile uses this
process in place of one of its own. Rules, credentials, record, alarms and limits stay each sandbox's own.

What is gained: ten agents side by side need the memory of one gateway and a little for each, not of ten.
What is shared: the secrets of all these sandboxes are in one process. Whoever took it over from one sandbox would
have those of all; with a process for each they would be that sandbox's alone. When it ends, the sandboxes that it
served have no network any more, not an open one, and those that start later have a process of their own again.

  paddock gateway                    in one terminal
  paddock run claude                 in others"""


def declare(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def perform(options: argparse.Namespace) -> Outcome:  # noqa: ARG001 - the commands' common shape
    """Serve until somebody ends it."""
    import signal

    from paddock.gateway.shared import hosting

    host = hosting.begin(egress.stand_in())
    # Until `wait` hears them: whoever is told that Ctrl-C ends it may press it at once.
    signal.pthread_sigmask(signal.SIG_BLOCK, hosting.ENDING)
    complain("serving the networks of all sandboxes that start from now on, with their secrets; Ctrl-C ends it")
    left = host.wait()
    told = f"; {left} sandbox{'es have' if left > 1 else ' has'} no network now" if left else ""
    return Outcome(f"ended{told}\n", {"schema": 1, "without_network": left})
