"""DC208, DC528 to DC530: what the RUN lines of a Dockerfile do to the image, and who becomes root in it."""

from __future__ import annotations

import re

from paddock.checking.facts import dockerfiles, scripts
from paddock.checking.findings import Hit
from paddock.checking.rule import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.facts.shell import Command
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.source import Source

# How each installer is called, and by what a version is written.
_INSTALLERS = {
    "apt-get": ("install", "="),
    "apt": ("install", "="),
    "apk": ("add", "="),
    "pip": ("install", "=="),
    "pip3": ("install", "=="),
    "npm": ("install", "@"),
    "gem": ("install", ":"),
}
_FROM_FILES = frozenset({"-r", "--requirement", "-e", "--editable", "-c", "--constraint", "--require-hashes"})
# chmod(1). `+w` alone keeps to the umask; 1777 is as /tmp, where nobody takes away what is another's.
_EVERYBODY = re.compile(r"[ugo]*[oa][ugo]*[+=][rwxX]*w[rwxX]*|0?[0-7]{2}[2367]")
_SETUID = re.compile(r"0?[4-7][0-7]{3}|[go]*[ua]?[go]*[+=][rwxX]*s[rwxXs]*")
_MODE = re.compile(r"(?:^|\s)(?:-[a-zA-Z]*m\s*|--mode[=\s])(\S+)")
_NOPASSWD = re.compile(r"NOPASSWD\s*:\s*([^\n\"']*)")


@rule("DC208")
def sudo(effective: Effective, context: Context) -> Iterator[Hit]:
    """NOPASSWD, or the group that has sudo."""
    for script in scripts.every(effective, context):
        for one in script.commands:
            said = _without_password(" ".join(one.words))
            if said:
                yield Hit(said[0], script.source(one), said[1])
            if _joins_sudo(one):
                message = "the user is put into the group that may do everything with sudo"
                yield Hit(message, script.source(one), "medium")
    run = {id(one.heredoc) for one in dockerfiles.scripts(effective)}
    for dockerfile in dockerfiles.every(effective):  # `COPY <<EOF /etc/sudoers.d/x`, `RUN cat <<EOF > /etc/sudoers.d/x`
        for instruction in dockerfiles.instructions(dockerfile, "COPY", "ADD", "RUN"):
            for heredoc in (one for one in instruction.heredocs if id(one) not in run):
                said = _without_password(heredoc.text)
                if said:
                    yield Hit(said[0], dockerfile.source(heredoc.place, instruction.name), said[1])


def _without_password(text: str) -> tuple[str, str] | None:
    """What a line of sudoers(5) in a text allows: the message, and a severity of its own, if it has one."""
    match = _NOPASSWD.search(text)
    if match is None:
        return None
    allowed = match[1].strip()
    if allowed.startswith("ALL"):
        return "everything may be done with sudo, without a password", ""
    return f"without a password, root runs {allowed}: as safe as that is", "medium"


@rule("DC528")
def open_files(effective: Effective, _: Context) -> Iterator[Hit]:
    """Files that everybody may change."""
    for how, mode, paths, source in _modes(effective):
        if _EVERYBODY.fullmatch(mode):
            yield Hit(f"everybody may write to {paths} ({how} {mode})", source)


@rule("DC529")
def raising_files(effective: Effective, _: Context) -> Iterator[Hit]:
    """Set-user-ID programs and file capabilities."""
    for how, mode, _paths, source in _modes(effective):
        if _SETUID.fullmatch(mode) and not mode.startswith("g"):
            yield Hit(f"a program gets more rights than who starts it ({how} {mode})", source)
    for script in dockerfiles.scripts(effective):
        for one in script.commands:
            if one.program == "setcap":
                yield Hit("a program gets capabilities (setcap)", script.source(one))


@rule("DC530")
def versions(effective: Effective, _: Context) -> Iterator[Hit]:
    """Packages in whatever version there is."""
    for dockerfile in dockerfiles.every(effective):
        found = [
            (program, script.source(one))
            for script in dockerfiles.scripts(effective)
            if script.dockerfile is dockerfile
            for one in script.commands
            for program in [one.program]
            if _unversioned(one)
        ]
        if found:
            programs = ", ".join(dict.fromkeys(program for program, _ in found))
            message = f"packages are installed in whatever version there is ({programs})"
            yield Hit(message, found[0][1], also=tuple(source for _, source in found[1:]))


def _modes(effective: Effective) -> Iterator[tuple[str, str, str, Source]]:
    """How a mode is set, the mode, of what, and where: `chmod`, `install -m`, `COPY --chmod`."""
    for script in dockerfiles.scripts(effective):
        for one in script.commands:
            words = [word for word in one.arguments if not re.match(r"-[A-Za-z-]+$", word)]
            if one.program == "chmod" and words:
                yield "chmod", words[0], " ".join(words[1:]), script.source(one)
            elif one.program == "install" and (found := _MODE.search(" ".join(one.arguments))):
                yield "install -m", found[1], words[-1] if words else "", script.source(one)
    for dockerfile in dockerfiles.every(effective):
        for copied in dockerfiles.instructions(dockerfile, "COPY", "ADD"):
            mode = copied.flag("chmod")
            if mode:
                yield "--chmod", mode, copied.words[-1].text, dockerfile.source(copied.place, copied.name)


def _joins_sudo(one: Command) -> bool:
    words = one.arguments
    if one.program == "adduser":
        return len(words) > 1 and words[-1] in ("sudo", "wheel")
    if one.program not in ("usermod", "useradd", "gpasswd"):
        return False
    return any(group in ("sudo", "wheel") for word in words for group in re.split(r"[,=]", word))


def _unversioned(one: Command) -> bool:
    """Whether an installer is given a name without a version."""
    if one.program not in _INSTALLERS:
        return False
    verb, mark = _INSTALLERS[one.program]
    words = list(one.arguments)
    if verb not in words or _FROM_FILES & set(words):
        return False
    names = [word for word in words[words.index(verb) + 1 :] if re.match(r"[A-Za-z@]", word)]
    return any(mark not in name[1:] and not re.search(r"[/$]", name.lstrip("@")) for name in names)
