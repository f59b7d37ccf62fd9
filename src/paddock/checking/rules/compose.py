"""DC201, DC402, DC403, DC501, DC506, DC703, DC704, DC804, DC220 to DC223: what compose files alone can say."""

from __future__ import annotations

from paddock.checking.facts import base, beside, pins, secret, shell
from paddock.checking.facts.downloads import downloads
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.devcontainer.compose_merging import scalar
from paddock.devcontainer.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.devcontainer.model import Effective

# Flags of `build:` that reach the machine that builds, as build-options does in devcontainer.json.
_REACHING = {"--network": ("host",), "--privileged": ("true",), "--allow": ("security.insecure", "network.host")}
_ALWAYS_REACHING = ("--ssh", "--add-host")
_UNKNOWN = ("unknown-key",)


@rule("DC201")
def privileged_hooks(effective: Effective, _: Context) -> Iterator[Hit]:
    """post_start and pre_stop with rights that the service has not."""
    for service in beside.started(effective):
        for key in ("post_start", "pre_stop"):
            node = service.node.get(key)
            for number, item in enumerate(node.items if node else ()):
                if scalar(item.get("privileged")) == "true":
                    source = service.origin.below(key, number, place=item.place)
                    yield Hit(f"service {service.name}: a command of {key} is privileged", source)


@rule("DC220")
def providers(effective: Effective, _: Context) -> Iterator[Hit]:
    """A program of the host in place of a container."""
    for service in beside.started(effective):
        if service.provider:
            message = f"service {service.name} is no container: Compose starts {service.provider.value} on the host"
            yield Hit(message, service.provider.origin)


@rule("DC221")
def unread(effective: Effective, _: Context) -> Iterator[Hit]:
    """Files that the project names and that nobody looked at."""
    whole = beside.project(effective)
    for one in whole.unread if whole else ():
        yield Hit(f"{base.shown(one.path, effective)} was not read: {one.why}", one.origin)


@rule("DC222")
def broken(effective: Effective, _: Context) -> Iterator[Hit]:
    """What Compose refuses, or what two readers take differently."""
    whole = beside.project(effective)
    if whole is None:
        return
    for flaw in whole.flaws:
        if flaw.code not in _UNKNOWN:
            yield Hit(flaw.message, Source("compose", "", (), flaw.place))
    if whole.service is None and effective.service and whole.services:
        message = (
            f"no service is called {effective.service.value}: there are {', '.join(it.name for it in whole.services)}"
        )
        yield Hit(message, effective.service.origin)


@rule("DC804")
def unknown_keys(effective: Effective, _: Context) -> Iterator[Hit]:
    """Keys that do nothing."""
    whole = beside.project(effective)
    for flaw in whole.flaws if whole else ():
        if flaw.code in _UNKNOWN:
            yield Hit(flaw.message, Source("compose", "", (), flaw.place))
    for service in whole.services if whole else ():
        for one in service.unknown:
            yield Hit(f"service {service.name}: Compose does not know {one.value}", one.origin)


@rule("DC402")
def beyond(effective: Effective, _: Context) -> Iterator[Hit]:
    """Files and folders outside of the repository that decide what is built and started."""
    whole = beside.project(effective)
    for one in whole.beyond if whole else ():
        if one.kind != "env_file":
            yield Hit(f"the {one.kind} {one.path} lies outside of the repository", one.origin)


@rule("DC403")
def build_flags(effective: Effective, _: Context) -> Iterator[Hit]:
    """Builds that reach the host."""
    for service in beside.started(effective):
        for flag in service.build.flags if service.build else ():
            if flag.value in _REACHING.get(flag.name, ()) or flag.name in _ALWAYS_REACHING:
                message = f"service {service.name} is built with {flag.name} {flag.value}"
                severity = "medium" if flag.name in _ALWAYS_REACHING else ""
                yield Hit(message, flag.origin, severity)


@rule("DC501")
def images(effective: Effective, _: Context) -> Iterator[Hit]:
    """Images of services. Where one is built as well, the name is that of the result."""
    for service in beside.started(effective):
        found = pins.unpinned(service.image.value) if service.image and not service.build else None
        if service.image and found:
            yield Hit(f"service {service.name}: {found[0]}", service.image.origin, found[1])


@rule("DC506")
def run_at_once(effective: Effective, _: Context) -> Iterator[Hit]:
    """Downloads that a service's own commands run."""
    for service in beside.started(effective):
        for text in service.commands:
            for one in downloads(shell.commands(text.value)):
                if one.run:
                    severity = "medium" if one.run == "file" else ""
                    yield Hit(f"service {service.name}: {one.shown} is downloaded and run", text.origin, severity)


@rule("DC703")
def build_arguments(effective: Effective, _: Context) -> Iterator[Hit]:
    """Secrets as build arguments."""
    for service in beside.started(effective):
        for one in service.build.args if service.build else ():
            if secret.is_name(one.name) and (one.value is None or one.value):
                severity = "low" if one.value and secret.is_default(one.value) else ""
                message = f"service {service.name}: {one.name} is given as a build argument"
                yield Hit(message, one.origin, severity)


@rule("DC704")
def variable_files(effective: Effective, _: Context) -> Iterator[Hit]:
    """An env_file from outside, whatever will be in it."""
    whole = beside.project(effective)
    for one in whole.beyond if whole else ():
        if one.kind == "env_file":
            yield Hit(f"the variables of {one.path}, outside of the repository, come in", one.origin, "high")


@rule("DC223")
def engine_side(effective: Effective, _: Context) -> Iterator[Hit]:
    """What devcontainer.json starts besides: services that nobody named."""
    whole = beside.project(effective)
    if whole is None or whole.service is None or effective.run_services:
        return
    needed = {one.name for one in whole.started([whole.service.name])}
    more = [one.name for one in whole.started() if one.name not in needed]
    if more:
        message = f"{', '.join(more)} start as well: without runServices all services do"
        yield Hit(message, base.source(effective, "service"))
