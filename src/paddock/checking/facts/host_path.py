r"""A path of the host as a configuration writes it: below the person's home, the workspace, the root. Pure.

Nothing is looked up: `${localEnv:HOME}/.ssh`, `~/.ssh`, `/home/ann/.ssh`, `C:\Users\ann\.ssh` and `$HOME/.ssh` of a
compose file are the same place of the person's, whoever that is.
"""

from __future__ import annotations

import posixpath
import re

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Base = Literal["home", "workspace", "root", "relative", "variable"]

_PERSON = r"(?:HOME|USERPROFILE|HOMEPATH|HOMEDRIVE)"
# `${localEnv:HOME}`, `${localEnv:HOME:/root}`, `${env:HOME}`; several after each other, of which one is empty on each
# system; compose's `$HOME`, `${HOME}`, `${HOME:-x}`; what a shell and Windows would write.
_HOME = re.compile(
    rf"(?:\$\{{(?:localEnv|env):{_PERSON}(?::[^}}]*)?\}}|\$\{{{_PERSON}(?::?[-?+][^}}]*)?\}}|\${_PERSON}(?![A-Za-z0-9_])|%{_PERSON}%|~(?=$|/))+"
)
_WORKSPACE = re.compile(
    r"\$\{localWorkspaceFolder\}|\$\{(?:localEnv:)?PWD(?::?-[^}]*)?\}|\$PWD(?![A-Za-z0-9_])|\$\(pwd\)"
)
# The drives of Windows, as Windows, WSL, Git's shell and Docker Desktop write them.
_DRIVE = re.compile(r"(?:[A-Za-z]:|/(?:mnt|host_mnt|run/desktop/mnt/host)/[A-Za-z]|/[A-Za-z])(?=/|$)")
_HOMES = (("home",), ("Users",), ("var", "home"), ("usr", "home"), ("export", "home"))
_VARIABLE = re.compile(r"\$\{|\$[A-Za-z_]|%[A-Za-z]")


@frozen
class HostPath:
    """`parts` are below `base`, without `.` and `..`; `above` counts the `..` that lead out of it.

    `variable` is for texts that begin with another variable: nobody can say where that is.
    """

    base: Base
    parts: tuple[str, ...]
    above: int = 0
    drive: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is the base itself, or what holds it."""
        return not self.parts

    def below(self, *names: str) -> bool:
        """Whether it lies at or below `names` of its base."""
        return not self.above and self.parts[: len(names)] == names

    def holds(self, *names: str) -> bool:
        """Whether `names` of its base lie at or below it."""
        return not self.above and names[: len(self.parts)] == self.parts


def read(text: str, workspace: str = "", repository: str = "") -> HostPath:
    """Where `text` leads. `workspace` is the opened folder, `repository` the root above it, both absolute."""
    text = text.replace("\\", "/") if _is_windows(text) else text
    found = _HOME.match(text)
    if found:
        return _below("home", text[found.end() :])
    found = _WORKSPACE.match(text)
    if found:
        return _below("workspace", text[found.end() :])
    for known in filter(None, (workspace, repository)):
        if known != "/" and (text == known or text.startswith(f"{known}/")):
            return _below("workspace", text[len(known) :])
    if text.startswith("/") or _DRIVE.match(text):
        return _absolute(text)
    return HostPath("variable", ()) if _VARIABLE.match(text) else _below("relative", text)


def _is_windows(text: str) -> bool:
    return "\\" in text and (text[1:2] == ":" or "/" not in text or text.startswith(("\\\\", "${", "%")))


def _below(base: Base, rest: str) -> HostPath:
    above = 0
    parts: list[str] = []
    for part in rest.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part == "..":
            above += 1
        elif part not in ("", "."):
            parts.append(part)
    if base == "home" and above:  # from the home up: `${localEnv:HOME}/..` holds all homes
        return HostPath("root", tuple(parts))
    return HostPath(base, tuple(parts), above)


def _absolute(text: str) -> HostPath:
    found = _DRIVE.match(text)
    drive = text[: found.end()] if found and _means_drive(text, found.end()) else ""
    path = posixpath.normpath("/" + text[len(drive) :])
    parts = tuple(part for part in path.split("/") if part)
    for home in _HOMES:
        if parts[: len(home)] == home and len(parts) > len(home):
            return HostPath("home", parts[len(home) + 1 :], drive=drive)
    if parts[:1] == ("root",):
        return HostPath("home", parts[1:])
    return HostPath("root", parts, drive=drive)


def _means_drive(text: str, end: int) -> bool:
    """`/c/Users` is a drive; `/a` and `/x/y` of an ordinary system are not."""
    return text[0] != "/" or end > len("/c") or text[end : end + 7].lower() == "/users/"
