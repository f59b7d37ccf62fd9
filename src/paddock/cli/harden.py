"""`paddock harden`: a second, hardened configuration beside the team's own, with each change explained in it."""

from __future__ import annotations

import os

from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.errors import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.hardening.case import Case, Engine
    from paddock.hardening.changes import Change
    from paddock.hardening.compiling import Hardened
    from paddock.hardening.writing import Texts

SUMMARY = "write a hardened dev container beside the team's own"
DETAILS = """Reads a dev container with all that has a say in it, as `paddock check` does, and writes a second one to
.devcontainer/paddock/devcontainer.json, which editors offer by its name. The team's own file is left as it is. Comments
name the rule of each change, and what it may break.

examples:
  paddock harden --diff                        what would be different; nothing is written
  paddock harden
  devcontainer up --config .devcontainer/paddock/devcontainer.json --docker-path podman --workspace-folder .
  paddock harden --keep DC301="our tests need the network"
                                               leave one thing as it is; the reason is written into the file
  paddock harden --without docker-in-docker    leave out a Feature whose rights no file can take back

With podman .git is a copy in which commits work; Docker has no such mount, so with --engine docker it is read-only.
A file that could only look hardened is not written: what an image's label or a Feature brings and nothing takes back is
refused with its rule and what to do."""

_ENGINES: tuple[Engine, ...] = ("podman", "docker")
_SHOWN = 8  # findings that are left


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `harden`."""
    parser.add_argument(
        "directory", nargs="?", default=".", metavar="DIRECTORY", help="the folder to open (default: here)"
    )
    parser.add_argument("--config", metavar="FILE", default="", help="this devcontainer.json instead of the first one")
    parser.add_argument("--output", metavar="FILE", default="", help="where to, instead of .devcontainer/paddock")
    parser.add_argument("--diff", action="store_true", help="show what is different, and write nothing")
    parser.add_argument(
        "--keep", metavar="RULE=REASON", action="append", default=[], help="leave what this rule finds as it is"
    )
    parser.add_argument(
        "--without", metavar="FEATURE", action="append", default=[], help="leave this Feature out of the hardened file"
    )
    parser.add_argument("--user", metavar="NAME", default="", help="who runs inside, where no other than root is known")
    parser.add_argument(
        "--engine",
        choices=_ENGINES,
        default="",
        help="for which engine (default: the one that is here, podman where both are or none)",
    )


def perform(options: argparse.Namespace) -> Outcome:
    """Write the files, or show what they are. Raises PaddockError."""
    from paddock.hardening import reading, writing

    _check(options)
    engine: Engine = options.engine or _engine()
    asked = reading.Asked(
        directory=options.directory,
        config=options.config,
        output=options.output,
        keeps=tuple(options.keep),
        without=tuple(options.without),
        user=options.user,
        engine=engine,
        command=_command(options),
    )
    case, sheet = reading.read(asked)
    found = writing.texts(case, sheet)
    if options.diff:
        text = writing.diff(case, found)
        return Outcome(
            "".join(f"{plain(line)}\n" for line in text.split("\n")[:-1]), {**_data(case, found), "diff": text}
        )
    written = found.differs
    if written:
        writing.write(case, found)
    return Outcome(_text(case, found, written=written), {**_data(case, found), "written": written})


def _check(options: argparse.Namespace) -> None:
    if options.user and (options.user in ("root", "0") or not options.user.replace("-", "").replace("_", "").isalnum()):
        raise Usage(
            f"--user {plain(options.user)} is no ordinary user",
            why="a name or number of the image's, without a group, that is not root",
            next_step='paddock harden --keep DC207="REASON" leaves the user as it is',
        )


def _engine() -> Engine:
    """The engine that is here; podman where both are, or none: it alone can keep .git a copy."""
    from paddock import process

    here = [name for name in _ENGINES if process.find(name)]
    return here[0] if here else _ENGINES[0]


def _command(options: argparse.Namespace) -> str:
    """The command that makes the same file again, from the opened folder."""
    import shlex

    words = ["paddock", "harden"]
    folder = os.path.realpath(options.directory)
    for name in ("config", "output"):
        if getattr(options, name):
            words += [f"--{name}", os.path.relpath(os.path.realpath(getattr(options, name)), folder)]
    for name in ("keep", "without"):
        for value in getattr(options, name):
            words += [f"--{name}", value]
    words += ["--user", options.user] if options.user else []
    words += ["--engine", options.engine] if options.engine else []
    return shlex.join(words)


def _text(case: Case, found: Texts, *, written: bool) -> str:
    hardened = found.hardened
    lines = [_line(one) for one in hardened.changes]
    names = " and ".join(plain(name) for name in found.after)
    count = len(hardened.changes)
    said = f"{count} change{'s' * (count != 1)}: {names}" if written else f"{names}: nothing to write, it is so already"
    lines += ["", said] if lines else [said]
    lines += _left(hardened)
    words = ["devcontainer up --workspace-folder . --config", plain(case.target)]
    if case.engine == "podman":
        words += ["--docker-path podman"] + ["--docker-compose-path podman-compose"] * bool(hardened.compose)
    lines += [
        "next: in an editor, reopen in the container whose name ends with (paddock); or",
        f"  {' '.join(words)}",
    ]
    return "\n".join(lines) + "\n"


def _line(one: Change) -> str:
    return f"{paint(one.rule, 'bold')} {one.slug}: {plain(one.what)}\n  may break: {plain(one.breaks)}"


def _left(hardened: Hardened) -> list[str]:
    """What hardening does nothing about, the worst first."""
    worse = [one for one in hardened.left if one.severity in ("critical", "high")]
    if not hardened.left:
        return []
    lines = [f"left: {one.severity} {one.rule} {one.slug}, {plain(str(one.source.where))}" for one in worse[:_SHOWN]]
    rest = len(hardened.left) - len(lines)
    return lines + ([f"left: {rest} other finding{'s' * (rest != 1)}: paddock check"] if rest else [])


def _data(case: Case, found: Texts) -> dict[str, object]:
    from paddock.frozen import as_data

    hardened = found.hardened
    return {
        "schema": 1,
        "source": case.source,
        "files": dict(found.after),
        "engine": case.engine,
        "changes": [as_data(one) for one in hardened.changes],
        "kept": [as_data(one) for one in case.keeps],
        "left": [
            {"rule": one.rule, "severity": one.severity, "message": one.message, "where": one.source.where}
            for one in hardened.left
        ],
    }
