"""DC208, DC311, DC506, DC511, DC513, DC528 to DC530: what the RUN lines of a Dockerfile do."""

from __future__ import annotations

import re

from paddock.checking.facts import dockerfiles
from paddock.checking.facts.downloads import downloads
from paddock.checking.findings import Hit
from paddock.checking.rule import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.facts.shell import Command
    from paddock.devcontainer.model import Effective

_LOCAL = re.compile(r"https?://(localhost|127\.|\[::1\]|host\.docker\.internal)")
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
_WITHOUT_CHECK = {
    "curl": frozenset({"-k", "--insecure", "--proxy-insecure"}),
    "wget": frozenset({"--no-check-certificate"}),
    "pip": frozenset({"--trusted-host"}),
    "pip3": frozenset({"--trusted-host"}),
    "git": frozenset({"http.sslVerify=false", "http.sslverify=false"}),
}
_UNSIGNED = {
    "apt-get": frozenset({"--allow-unauthenticated", "--force-yes"}),
    "apt": frozenset({"--allow-unauthenticated"}),
    "apk": frozenset({"--allow-untrusted"}),
    "yum": frozenset({"--nogpgcheck"}),
    "dnf": frozenset({"--nogpgcheck", "--no-gpgchecks"}),
    "zypper": frozenset({"--no-gpg-checks"}),
}
# chmod(1). `+w` alone keeps to the umask; 1777 is as /tmp, where nobody takes away what is another's.
_EVERYBODY = re.compile(r"[ugo]*[oa][ugo]*[+=][rwxX]*w[rwxX]*|0?[0-7]{2}[2367]")
_SETUID = re.compile(r"0?[4-7][0-7]{3}|[go]*[ua]?[go]*[+=][rwxX]*s[rwxXs]*")


_NOPASSWD = re.compile(r"NOPASSWD\s*:\s*([^\n\"']*)")


@rule("DC506")
def run_at_once(effective: Effective, _: Context) -> Iterator[Hit]:
    """A download that is run without anybody having seen it."""
    for script in dockerfiles.scripts(effective):
        for one in downloads(script.commands):
            if one.run == "pipe":
                yield Hit(f"{one.shown} is downloaded and run at once", script.source(one.command))
            elif one.run == "file":
                message = f"{one.shown} is downloaded and run, and no checksum is compared"
                yield Hit(message, script.source(one.command), "medium")


@rule("DC511")
def plain_text(effective: Effective, _: Context) -> Iterator[Hit]:
    """Downloads over plain HTTP."""
    for script in dockerfiles.scripts(effective):
        for one in downloads(script.commands):
            for address in one.addresses:
                if address.startswith(("http://", "ftp://")) and not _LOCAL.match(address):
                    yield Hit(f"{address} is downloaded without TLS", script.source(one.command))
    for dockerfile in dockerfiles.every(effective):
        for added in dockerfiles.instructions(dockerfile, "ADD"):
            for word in added.words[:-1]:
                if word.text.startswith(("http://", "ftp://")) and added.flag("checksum") is None:
                    yield Hit(f"{word.text} is downloaded without TLS", dockerfile.source(word.place, "ADD"))


@rule("DC311")
def unchecked_servers(effective: Effective, _: Context) -> Iterator[Hit]:
    """TLS whose server nobody checks."""
    for script in dockerfiles.scripts(effective):
        for one in script.commands:
            found = _options(one) & _WITHOUT_CHECK.get(one.program, frozenset())
            found |= (
                {"-k"}
                if one.program == "curl" and any(re.fullmatch(r"-[a-zA-Z]*k[a-zA-Z]*", it) for it in one.arguments)
                else set()
            )
            if found:
                message = f"{one.program} {min(found)}: whoever answers is believed"
                yield Hit(message, script.source(one))


@rule("DC513")
def unsigned(effective: Effective, _: Context) -> Iterator[Hit]:
    """Packages without signature, and keys that nobody has compared."""
    for script in dockerfiles.scripts(effective):
        for one in script.commands:
            found = _options(one) & _UNSIGNED.get(one.program, frozenset())
            if found:
                yield Hit(f"{one.program} {min(found)} takes packages that nobody signed", script.source(one))
        for key in downloads(script.commands):
            reader = script.commands[key.command.into] if key.command.into >= 0 else None
            if reader and reader.program == "apt-key" and "add" in reader.arguments:
                message = f"a key of {key.shown} may sign packages of every repository (apt-key add)"
                yield Hit(message, script.source(key.command), "medium")
        for match in re.finditer(r"\btrusted\s*=\s*yes\b", script.text):
            place = script.commands[0] if script.commands else None
            if place and "deb" in script.text[: match.start()]:
                yield Hit("packages of a repository are taken without signature ([trusted=yes])", script.source(place))


@rule("DC208")
def sudo(effective: Effective, _: Context) -> Iterator[Hit]:
    """NOPASSWD, or the group that has sudo."""
    for script in dockerfiles.scripts(effective):
        texts = [" ".join(one.words) for one in script.commands]
        if script.heredoc is None and script.commands:  # `cat <<EOF > /etc/sudoers.d/x`
            texts[0] += "".join(it.text for it in script.instruction.heredocs)
        for one, text in zip(script.commands, texts, strict=True):
            match = _NOPASSWD.search(text)
            if match and match[1].strip().startswith("ALL"):
                yield Hit("everything may be done with sudo, without a password", script.source(one))
            elif match:
                message = f"without a password, root runs {match[1].strip()}: as safe as that is"
                yield Hit(message, script.source(one), "medium")
        for one in script.commands:
            if _joins_sudo(one):
                message = "the user is put into the group that may do everything with sudo"
                yield Hit(message, script.source(one), "medium")


@rule("DC528")
def open_files(effective: Effective, _: Context) -> Iterator[Hit]:
    """Files that everybody may change."""
    for script in dockerfiles.scripts(effective):
        for one in script.commands:
            mode = _mode(one)
            if _EVERYBODY.fullmatch(mode):
                paths = " ".join(it for it in one.arguments if not it.startswith("-") and it != mode)
                yield Hit(f"everybody may write to {paths} (chmod {mode})", script.source(one))


@rule("DC529")
def raising_files(effective: Effective, _: Context) -> Iterator[Hit]:
    """Set-user-ID programs and file capabilities."""
    for script in dockerfiles.scripts(effective):
        for one in script.commands:
            mode = _mode(one)
            if _SETUID.fullmatch(mode) and not mode.startswith("g"):
                yield Hit(f"a program gets more rights than who starts it (chmod {mode})", script.source(one))
            elif one.program == "setcap":
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


def _options(one: Command) -> set[str]:
    return {word.partition("=")[0] if word.startswith("--") else word for word in one.arguments}


def _mode(one: Command) -> str:
    """What chmod sets, or `install -m`, or an empty text."""
    if one.program == "chmod":
        return next((word for word in one.arguments if not re.match(r"-[A-Za-z-]+$", word)), "")
    return ""


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
