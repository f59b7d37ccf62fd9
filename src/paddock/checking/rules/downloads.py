"""DC311, DC506, DC507, DC511 to DC513: what hooks, local Features and Dockerfiles fetch, and how they trust it."""

from __future__ import annotations

import re

from paddock.checking.facts import container, dockerfiles, editor, hooks, packages, scripts
from paddock.checking.facts.downloads import downloads
from paddock.checking.findings import Hit
from paddock.checking.rule import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.facts.shell import Command
    from paddock.devcontainer.model import Effective

_LOCAL = re.compile(r"http://(localhost|127\.|\[::1\]|host\.docker\.internal|[a-z0-9-]+(:[0-9]+)?(/|$))", re.IGNORECASE)
_PLAIN = ("http://", "ftp://")
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
def run_at_once(effective: Effective, context: Context) -> Iterator[Hit]:
    """A download that is run without anybody having seen it."""
    for script in scripts.every(effective, context):
        for one in downloads(script.commands):
            if one.run == "pipe":
                yield Hit(f"{script.who} downloads {one.shown}, and runs it at once", script.source(one.command))
            elif one.run == "file":
                message = f"{script.who} downloads {one.shown}, and runs it without a checksum"
                yield Hit(message, script.source(one.command), "medium")


@rule("DC507")
def installs(effective: Effective, context: Context) -> Iterator[Hit]:
    """Hooks that install packages."""
    for said in hooks.commands(effective, context):
        found = packages.install(said.command)
        if found:
            severity = "medium" if found.named else "low"
            yield Hit(f"{said.who} installs packages: {found.shown}", said.origin, severity)


@rule("DC512")
def from_addresses(effective: Effective, context: Context) -> Iterator[Hit]:
    """Packages that no registry holds."""
    for script in scripts.every(effective, context):
        for command in script.commands:
            found = packages.install(command)
            for address in found.addresses if found else ():
                yield Hit(f"{script.who} installs {address}", script.source(command))


@rule("DC511")
def without_tls(effective: Effective, context: Context) -> Iterator[Hit]:
    """http:// in a download."""
    for script in scripts.every(effective, context):
        fetched = [(one.command, address) for one in downloads(script.commands) for address in one.addresses]
        fetched += [(one, word) for one in script.commands if packages.install(one) for word in one.arguments]
        for command, address in fetched:
            plain = address[address.find("http://") :] if "http://" in address else address
            if plain.startswith(_PLAIN) and not _LOCAL.match(plain):
                yield Hit(f"{script.who} fetches {plain} without TLS", script.source(command))
    for dockerfile in dockerfiles.every(effective):
        for added in dockerfiles.instructions(dockerfile, "ADD"):
            for word in added.words[:-1]:
                if word.text.startswith(_PLAIN) and added.flag("checksum") is None:
                    yield Hit(f"ADD fetches {word.text} without TLS", dockerfile.source(word.place, "ADD"))


@rule("DC513")
def unsigned(effective: Effective, context: Context) -> Iterator[Hit]:
    """The system's packages, unsigned, or under a key that nobody has compared."""
    for script in scripts.every(effective, context):
        for command in script.commands:
            found = packages.unsigned(command)
            if found:
                message = f"{script.who} takes packages without a signature that was checked: {found}"
                yield Hit(message, script.source(command), "medium" if found == packages.ANY_KEY else "")


@rule("DC311")
def unchecked(effective: Effective, context: Context) -> Iterator[Hit]:
    """Certificates that nobody checks."""
    for variable in container.variables(effective):
        if _is_off(variable.name, variable.raw):
            yield Hit(f"{variable.name}={variable.raw} switches the check of certificates off", variable.origin)
    for name, value, source in dockerfiles.assigned(effective, "ENV"):
        if _is_off(name, value):
            yield Hit(f"{name}={value} switches the check of certificates off", source)
    for one in editor.settings(effective):
        if one.name in _SETTINGS and one.value is _SETTINGS[one.name]:
            yield Hit(f"the setting {one.name} switches the check of certificates off", one.origin)
    for script in scripts.every(effective, context):
        for command in script.commands:
            option = packages.unchecked(command) or _assigned(command)
            if option:
                yield Hit(f"{script.who} does not check certificates: {option}", script.source(command))


def _is_off(name: str, value: str) -> bool:
    return value.lower() in _OFF.get(name.upper(), ())


def _assigned(command: Command) -> str:
    words = command.arguments if command.program == "export" else command.assigned
    return next((word for word in words if _is_off(*word.partition("=")[::2])), "")
