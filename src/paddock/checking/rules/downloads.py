"""DC311, DC506, DC507, DC511 to DC513: what hooks and local Features fetch, and how they trust it."""

from __future__ import annotations

import re

from paddock.checking.facts import container, editor, hooks, packages
from paddock.checking.facts.shell import SHELLS
from paddock.checking.findings import Hit
from paddock.checking.rule import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.facts.shell import Command
    from paddock.devcontainer.model import Effective

_FETCH = ("curl", "wget", "aria2c", "http", "https", "fetch", "iwr", "lwp-download")
_RUNS = SHELLS | {
    "python",
    "python3",
    "node",
    "perl",
    "ruby",
    "php",
    "pwsh",
    "source",
    ".",
    "eval",
    "iex",
    "deno",
    "bun",
}
_LOCAL = re.compile(r"http://(localhost|127\.|\[::1\]|[a-z0-9-]+(:[0-9]+)?(/|$))", re.IGNORECASE)
# Variables that switch checks off, with the values that do.
_OFF = {
    "NODE_TLS_REJECT_UNAUTHORIZED": ("0",),
    "GIT_SSL_NO_VERIFY": ("1", "true"),
    "PYTHONHTTPSVERIFY": ("0",),
    "NPM_CONFIG_STRICT_SSL": ("false",),
    "CURL_INSECURE": ("1", "true"),
    "CONDA_SSL_VERIFY": ("false",),
    "CARGO_HTTP_CHECK_REVOKE": (),
}
_SETTINGS = {"http.proxyStrictSSL": False, "git.sslVerify": False}


@rule("DC506")
def piped(effective: Effective, context: Context) -> Iterator[Hit]:
    """What is downloaded and run: `curl … | sh`."""
    for said in hooks.everything(effective, context):
        if said.into and said.command.program in _FETCH and said.into.program in _RUNS and not _filters(said.into):
            message = f"{said.who} runs with {said.into.program} what {said.command.program} fetches"
            yield Hit(message, said.origin)


def _filters(command: Command) -> bool:
    """`python3 -c '…'` and `node -e` read the download as data; `python3 -m json.tool` prints it."""
    return command.program not in SHELLS and bool(
        {"-c", "-e", "-m", "-n", "-p", "-r", "--eval"} & set(command.arguments)
    )


@rule("DC507")
def installs(effective: Effective, context: Context) -> Iterator[Hit]:
    """Hooks that install packages."""
    for said in hooks.everything(effective, context):
        found = packages.install(said.command)
        if found and said.event:
            severity = "medium" if found.named else "low"
            yield Hit(f"{said.who} installs packages: {found.shown}", said.origin, severity)


@rule("DC512")
def from_addresses(effective: Effective, context: Context) -> Iterator[Hit]:
    """Packages that no registry holds."""
    for said in hooks.everything(effective, context):
        found = packages.install(said.command)
        for address in found.addresses if found else ():
            yield Hit(f"{said.who} installs {address}", said.origin)


@rule("DC511")
def without_tls(effective: Effective, context: Context) -> Iterator[Hit]:
    """http:// in a download."""
    for said in hooks.everything(effective, context):
        if said.command.program in _FETCH or packages.install(said.command):
            for word in said.command.arguments:
                start = word.find("http://")
                if start >= 0 and not _LOCAL.match(word[start:]):
                    yield Hit(f"{said.who} fetches {word[start:]} without TLS", said.origin)


@rule("DC513")
def unsigned(effective: Effective, context: Context) -> Iterator[Hit]:
    """The system's packages, unsigned."""
    for said in hooks.everything(effective, context):
        found = packages.unsigned(said.command)
        if found:
            yield Hit(f"{said.who} takes packages without a signature that was checked: {found}", said.origin)


@rule("DC311")
def unchecked(effective: Effective, context: Context) -> Iterator[Hit]:
    """Certificates that nobody checks."""
    for variable in container.variables(effective):
        if variable.raw.lower() in _OFF.get(variable.name.upper(), ()):
            yield Hit(f"{variable.name}={variable.raw} switches the check of certificates off", variable.origin)
    for one in editor.settings(effective):
        if one.name in _SETTINGS and one.value is _SETTINGS[one.name]:
            yield Hit(f"the setting {one.name} switches the check of certificates off", one.origin)
    for said in hooks.everything(effective, context):
        option = packages.unchecked(said.command) or _assigned(said.command)
        if option:
            yield Hit(f"{said.who} does not check certificates: {option}", said.origin)


def _assigned(command: Command) -> str:
    words = command.arguments if command.program == "export" else command.assigned
    for word in words:
        name, _equals, value = word.partition("=")
        if value.lower() in _OFF.get(name.upper(), ()):
            return word
    return ""
