"""Commands that install packages: of which kind, from where, and with what they check. Pure."""

from __future__ import annotations

import re

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.checking.facts.shell import Command

# What installs, by program; "" is the program alone (`yarn`).
_VERBS = {
    "npm": ("install", "i", "ci", "add", "install-clean"),
    "pnpm": ("install", "i", "add"),
    "yarn": ("install", "add", "", "global"),
    "bun": ("install", "add", "i"),
    "pip": ("install",),
    "pip3": ("install",),
    "pipx": ("install",),
    "pipenv": ("install", "sync"),
    "uv": ("sync", "add", "pip", "tool"),
    "poetry": ("install", "add"),
    "pdm": ("install", "add", "sync"),
    "conda": ("install", "create"),
    "mamba": ("install", "create"),
    "cargo": ("install",),
    "go": ("install", "get"),
    "gem": ("install",),
    "bundle": ("install", ""),
    "composer": ("install", "require"),
    "dotnet": ("tool",),
    "brew": ("install",),
    "npx": (),
    "uvx": (),
}
_RUNNERS = ("npx", "uvx")  # they install what they run
_SECOND = frozenset((("uv", "pip"), ("uv", "tool"), ("dotnet", "tool")))  # the verb is the second word
# With these, a lock file's hashes or nobody's scripts.
_GUARDS = {
    "npm": ("--ignore-scripts",),
    "pnpm": ("--ignore-scripts",),
    "yarn": ("--ignore-scripts", "--mode=skip-build"),
    "bun": ("--ignore-scripts",),
    "pip": ("--require-hashes",),
    "pip3": ("--require-hashes",),
    "uv": ("--locked", "--frozen", "--require-hashes"),
    "poetry": (),
    "cargo": (),
    "bundle": (),
    "composer": ("--no-scripts",),
}
_ADDRESS = re.compile(r"(git\+|https?://|git://|ssh://|github:|gitlab:|bitbucket:|git@)")
_INDEX = frozenset(
    (
        "-i",
        "--index-url",
        "--extra-index-url",
        "--registry",
        "--index",
        "--default-index",
        "-f",
        "--find-links",
        "--trusted-host",
    )
)
_VALUED = _INDEX | {
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "--prefix",
    "-C",
    "--cwd",
    "--root",
    "-t",
    "--target",
    "-p",
    "--python",
    "--version",
    "--channel",
}
_UNSIGNED = (
    "--allow-unauthenticated", "--force-yes", "--nogpgcheck", "--no-gpg-checks", "--allow-untrusted", "--no-gpg-check",
    "--allow-insecure-repositories", "--no-gpgchecks", "--nosignature", "--nogpg",
)  # fmt: skip
ANY_KEY = "apt-key add"  # whose key signs for every repository (apt-key(8), deprecated for it)
_SYSTEM = ("apt-get", "apt", "aptitude", "dnf", "yum", "microdnf", "zypper", "apk", "rpm")
_INSECURE = {
    "curl": ("-k", "--insecure", "--proxy-insecure"),
    "wget": ("--no-check-certificate",),
    "pip": ("--trusted-host",),
    "pip3": ("--trusted-host",),
    "npm": ("--strict-ssl=false", "--no-strict-ssl"),
    "yarn": ("--strict-ssl=false",),
}


@frozen
class Install:
    """`named`: packages are asked for by name, in whatever version there is; else those of the project's files."""

    shown: str
    named: bool
    addresses: tuple[str, ...]


def install(command: Command) -> Install | None:
    """What a command installs, where nothing guards it; None for all others."""
    program, arguments = command.program, command.arguments
    if re.fullmatch(r"python[0-9.]*", program) and arguments[:2] == ("-m", "pip"):
        program, arguments = "pip", arguments[2:]
    plain = [word for word in arguments if word[:1] != "-"]
    if program not in _VERBS or not _installs(program, plain):
        return None
    guards = _GUARDS.get(program, ())
    if any(word in guards or word.partition("=")[0] in guards for word in arguments):
        return None
    verb = plain[0] if plain and program not in _RUNNERS else ""
    names = _names(arguments, verb)
    addresses = tuple(name for name in names if _ADDRESS.match(name) or "@git+" in name)
    shown = " ".join((program, *([verb] if verb else []), *names[:2]))
    return Install(shown, bool(names), addresses)


def _installs(program: str, plain: list[str]) -> bool:
    if program in _RUNNERS:
        return bool(plain)
    verb, *rest = plain or [""]
    if (program, verb) in _SECOND:
        return rest[:1] in (["install"], ["sync"], ["update"])
    return verb in _VERBS[program]


def _names(arguments: tuple[str, ...], verb: str) -> list[str]:
    """The packages that are named: no option, no option's value, no path, not the verb."""
    found: list[str] = []
    skip, met = False, not verb
    for word in arguments:
        if skip:
            skip = False
        elif word in _VALUED:
            skip = True
        elif word[:1] == "-":
            continue
        elif not met and word == verb:
            met = True
        elif word in ("install", "sync") and not found:
            continue  # of `uv pip install`
        elif word[:1] not in ("/", ".", "$") and not word.endswith((".txt", ".toml", ".lock")):
            found.append(word)
    return found


def unsigned(command: Command) -> str:
    """What of a command takes packages of the system without a signature that counts."""
    if command.program in _SYSTEM:
        for word in command.arguments:
            if word in _UNSIGNED or "AllowUnauthenticated=" in word or "AllowInsecureRepositories=" in word:
                return word
    if command.program == "apt-key" and "add" in command.arguments:
        return ANY_KEY
    return "[trusted=yes]" if re.search(r"\[[^\[\]]*trusted=yes", " ".join(command.words)) else ""


def unchecked(command: Command) -> str:
    """The option by which a command does not check certificates."""
    program, arguments = command.program, command.arguments
    for word in arguments:
        if word in _INSECURE.get(program, ()) or word.split("=")[0] in _INSECURE.get(program, ()):
            return f"{program} {word}"
        if program == "curl" and re.fullmatch(r"-[a-zA-Z]*k[a-zA-Z]*", word):
            return f"{program} {word}"
    joined = " ".join(arguments).lower()
    if program == "git" and re.search(r"http\.sslverify[ =](false|0|no)\b", joined):
        return "git http.sslVerify"
    if program in ("npm", "pnpm", "yarn") and re.search(r"strict-ssl[ =](false|0)\b", joined):
        return f"{program} strict-ssl"
    return ""
