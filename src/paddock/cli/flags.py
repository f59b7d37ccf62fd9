"""The flags that say what a policy file can say too, shared by run, shell, plan and explain."""

from __future__ import annotations

import os

from paddock.policy.model import Layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

NAMES = (
    "workspace",
    "read",
    "mask",
    "env",
    "boundary",
    "minimum",
    "accept",
    "net",
    "allow",
    "deny",
    "publish",
    "limit",
    "debug_syscalls",
    "nested",
    "ask_inside",
    "require_proof",
)


def declare_policy_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags to a command. What they hold is judged by `layer_from_flags`, so that errors teach."""
    group = parser.add_argument_group("policy", "each overrides or adds to the policy files, within the floor")
    add = group.add_argument
    add("--workspace", metavar="MODE", help="review (default), scratch, readonly or live")
    add("--read", metavar="PATH", action="append", help="show a path outside the workspace, read-only")
    add("--mask", metavar="PATTERN", action="append", help="show matching files of the workspace as empty")
    add(
        "--env",
        metavar="NAME[=VALUE]",
        action="append",
        help="pass a variable on, or set one; NAME may be a pattern such as 'LC_*', which passes no secrets",
    )
    add("--boundary", metavar="NAME", help="auto (default), bubblewrap, landlock, podman, gvisor or microvm")
    add("--minimum", metavar="NAME", help="the weakest boundary that may be used")
    add("--accept", metavar="GAP", action="append", help="run although this promise cannot be kept here")
    add("--net", metavar="MODE", help="off (default) or allow")
    add(
        "--allow",
        metavar="HOST[:PORT]",
        action="append",
        help="let a host be reached (port 443 unless given), or with '*.DOMAIN' all names below one; host:PORT is a "
        "service of this machine; implies --net allow",
    )
    add(
        "--deny", metavar="HOST[:PORT]", action="append", help="let no host of this name be reached, whatever allows it"
    )
    add(
        "--publish",
        metavar="[OUTSIDE:]PORT",
        action="append",
        help="make a port inside reachable at 127.0.0.1 of this machine",
    )
    add(
        "--limit",
        metavar="NAME=VALUE",
        action="append",
        help="memory=8GiB, processes=64, open_files, file_size, cpus=1.5, wall=30m; the value none lifts one",
    )
    add("--ask-inside", action="store_true", help="let an agent ask before it acts, as it does outside")
    add(
        "--require-proof",
        metavar="DAYS",
        nargs="?",
        const="30",
        help="start only where paddock prove has held within so many days (30 unless given, after a =)",
    )
    add("--debug-syscalls", action="store_true", help="allow ptrace inside, for debuggers and strace")
    add("--nested", action="store_true", help="give the sandbox a Podman of its own, which is docker there too")


def declare_at_the_end(
    *verbs: argparse.ArgumentParser, json_help: str = "print one JSON object instead of text"
) -> None:
    """Let a command's verbs take what `main` adds to the command itself: people write it at the end."""
    from argparse import SUPPRESS

    for verb in verbs:
        verb.add_argument("--json", action="store_true", default=SUPPRESS, help=json_help)
        verb.add_argument("--debug", action="store_true", default=SUPPRESS, help="show the traceback of a failure")


def layer_from_flags(options: argparse.Namespace, cwd: str = "") -> Layer:
    """The layer that the flags make. Raises PolicyError. Relative paths count from `cwd`, or from where we are."""
    given = {name: getattr(options, name, None) for name in NAMES}
    if all(value is None or value is False for value in given.values()):
        return Layer("flag", "the command line", ())
    from paddock.policy.flags import flags_layer

    return flags_layer(given, cwd or (os.getcwd() if given["read"] else ""))
