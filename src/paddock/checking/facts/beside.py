"""The services of a compose project that start beside the named one, each as a configuration of its own.

They share its network and its volumes: what one of them may do, the named one may do through it. Rules are written for
one container, so each service is shown to them as if it were all that there is.
"""

from __future__ import annotations

from paddock.checking.facts import base
from paddock.checking.facts.memory import kept
from paddock.devcontainer.model import Configuration, Switch
from paddock.devcontainer.source import Source
from paddock.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.service import Project, Service


def project(effective: Effective) -> Project | None:
    """The compose project, where there is one."""
    found: Project | None = effective.project  # type: ignore[assignment] # the model stands below it
    return found


@kept
def started(effective: Effective) -> tuple[Service, ...]:
    """All services that start, the named one included."""
    whole = project(effective)
    return whole.started([one.value for one in effective.run_services]) if whole else ()


@kept
def others(effective: Effective) -> Iterator[tuple[Service, Effective]]:
    """The services beside the named one, and the configuration that each would be alone."""
    whole = project(effective)
    for one in started(effective):
        if whole and one is not whole.service:
            yield one, alone(effective, one)


def alone(effective: Effective, service: Service) -> Effective:
    """What a service is without anything that devcontainer.json says: that is about the named one."""
    own = base.own(effective)
    off = Switch(value=False, origin=Source("default", ""))
    return replace(
        effective,
        layers=(Configuration(own.layer, own.name, own.document, own.node),),
        unknown_layers=(),
        image=service.image,
        build=None,
        compose=service,
        dockerfile=service.dockerfile,
        project=None,
        workspace_mount=None,
        privileged=off,
        init=off,
        cap_add=(),
        security_opt=(),
        mounts=(),
        run_flags=(),
        runargs_ignored=True,
        entrypoints=(),
        container_environment=(),
        remote_environment=(),
        container_user=service.user,
        remote_user=None,
        image_user=service.dockerfile.user if service.dockerfile else None,
        features=(),
        hooks=(),
        ports=(),
        port_attributes=(),
        requirements=(),
        secrets=(),
        customizations=(),
        unknown=(),
        flaws=(),
    )
