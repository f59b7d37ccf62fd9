"""What the container will be given, whoever says it: a property, a run flag, a compose service, a label, a Feature.

A compose service's settings come as the run flags that they are, so that rules ask once. Run flags of the file count
only where they reach the engine: with compose they do not (`Effective.runargs_ignored`).
"""

from __future__ import annotations

import re

from paddock.checking.facts.memory import kept
from paddock.devcontainer import runvalues
from paddock.devcontainer.model import Text, Variable
from paddock.devcontainer.runflags import FALSE, is_on
from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.model import Effective, Flag, Port
    from paddock.devcontainer.runvalues import Device, SecurityOption
    from paddock.devcontainer.service import Service
    from paddock.devcontainer.source import Source

# No part without an end: a text of thousands of openings that nothing closes would be gone through for each of them.
_DEFAULT = re.compile(r"\$\{(?:localEnv|env):[^}:]{0,200}:([^}]{1,400})\}")
_AS_WRITTEN = ("--env", "--volume", "--mount", "--tmpfs")  # whose variables say what the value is
_NAMESPACES = ("pid", "ipc", "uts", "userns", "cgroupns", "network")


@frozen
class Namespace:
    """One namespace that somebody chose: `host`, `container:NAME`, `none`."""

    name: str
    value: str
    origin: Source


def service(effective: Effective) -> Service | None:
    """The compose service that the container is, where there is one and its file could be read."""
    found: Service | None = effective.compose  # type: ignore[assignment] # the model stands below it
    return found


def is_known(effective: Effective) -> bool:
    """Whether what the container is given could be read: a compose file that is not there may say anything."""
    return effective.kind != "compose" or service(effective) is not None


def flags(effective: Effective, *names: str) -> Iterator[Flag]:
    """The flags that take effect, of these names (`--cap-add`), in their order."""
    of_service = service(effective)
    said = () if effective.runargs_ignored else effective.run_flags
    for flag in (*said, *(of_service.flags if of_service else ())):
        if flag.name in names:
            as_written = flag.value is None or flag.name in _AS_WRITTEN
            yield flag if as_written else replace(flag, value=defaulted(flag.value or ""))


def defaulted(text: str) -> str:
    """A text with the defaults of the host's variables in their place: what a machine without them would be given."""
    return _DEFAULT.sub(r"\1", text)


def last_flag(effective: Effective, name: str) -> Flag | None:
    """The one that counts of a flag with a single value."""
    return next(reversed([*flags(effective, name)]), None)


def is_set(effective: Effective, name: str) -> bool:
    """Whether a boolean flag is on."""
    found = last_flag(effective, name)
    return found is not None and is_on(found)


def privileged(effective: Effective) -> Iterator[Source]:
    """Everything that makes it privileged: any is enough, and none can be taken back."""
    of_service = service(effective)
    for layer in effective.layers:
        if layer.privileged and layer.privileged.value:
            yield layer.privileged.origin
    if of_service and of_service.privileged and of_service.privileged.value:
        yield of_service.privileged.origin
    yield from (flag.origin for flag in flags(effective, "--privileged") if is_on(flag))


@kept
def added_capabilities(effective: Effective) -> tuple[Text, ...]:
    """Their names without prefix, in capitals; `ALL` is one."""
    of_service = service(effective)
    said = [(one.value, one.origin) for one in (*effective.cap_add, *(of_service.cap_add if of_service else ()))]
    said += [(flag.value or "", flag.origin) for flag in flags(effective, "--cap-add")]
    given = [(defaulted(text), origin) for text, origin in said]
    return tuple(dict.fromkeys(one for text, origin in given for one in runvalues.capabilities(text, origin)))


@kept
def dropped_capabilities(effective: Effective) -> tuple[Text, ...]:
    """What `--cap-drop` takes away."""
    return tuple(
        one for flag in flags(effective, "--cap-drop") for one in runvalues.capabilities(flag.value or "", flag.origin)
    )


@kept
def security_options(effective: Effective) -> tuple[SecurityOption, ...]:
    """All of them, in the order in which the engine gets them: those of properties come after those of runArgs."""
    of_service = service(effective)
    said = [(flag.value or "", flag.origin) for flag in flags(effective, "--security-opt")]
    said += [(one.value, one.origin) for one in (of_service.security_opt if of_service else ())]
    said += [(one.value, one.origin) for one in effective.security_opt]
    given = [(defaulted(text), origin) for text, origin in said if text]
    return tuple(dict.fromkeys(runvalues.security_option(text, origin) for text, origin in given))


def no_new_privileges(effective: Effective) -> bool:
    """Whether the last word on it is that programs gain nothing."""
    said = [one for one in security_options(effective) if one.name == "no-new-privileges"]
    return bool(said) and said[-1].no_new_privileges


def switched_off(option: SecurityOption) -> bool:
    """Whether it says `no-new-privileges=false`."""
    return option.name == "no-new-privileges" and option.value in FALSE


@kept
def namespaces(effective: Effective) -> tuple[Namespace, ...]:
    """The namespaces that somebody chose."""
    return tuple(
        Namespace(name, flag.value or "", flag.origin) for name in _NAMESPACES for flag in flags(effective, f"--{name}")
    )


@kept
def devices(effective: Effective) -> tuple[Device, ...]:
    """What `--device` gives."""
    return tuple(runvalues.device(flag.value or "", flag.origin) for flag in flags(effective, "--device"))


@kept
def published(effective: Effective) -> tuple[Port, ...]:
    """The ports that are bound on the host when the container starts."""
    of_service = service(effective)
    ports = [] if effective.runargs_ignored else [one for one in effective.ports if one.kind == "publish"]
    ports += [one for one in (of_service.ports if of_service else ()) if one.kind == "publish"]
    ports += [runvalues.published(flag.value or "", flag.origin) for flag in flags(effective, "--publish")]
    return tuple(dict.fromkeys(ports))


@kept
def variables(effective: Effective) -> tuple[Variable, ...]:
    """All variables of the environment, those that only tools get included. `raw` is always what was written."""
    of_service = service(effective)
    said = [*effective.container_environment, *effective.remote_environment]
    for one in of_service.environment if of_service else ():
        of_host = f"${{{one.name}}}"  # of a name alone, compose takes the host's value
        said.append(one if one.value is not None else replace(one, value=of_host, raw=of_host))
    for flag in flags(effective, "--env"):
        name, equals, value = (flag.value or "").partition("=")
        # `-e NAME` takes the host's value
        text = value if equals else f"${{localEnv:{name}}}"
        said.append(Variable(name, text, remote=False, origin=flag.origin, raw=text))
    return tuple(
        dict.fromkeys(
            Variable(one.name, one.value, one.remote, one.origin, "" if one.value is None else one.raw or one.value)
            for one in said
        )
    )
