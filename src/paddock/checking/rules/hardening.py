"""DC207 to DC211: who runs inside, and what holds them back."""

from __future__ import annotations

import re

from paddock.checking.facts import base, container, features, hooks
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.safe import addition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.findings import Edit
    from paddock.devcontainer.model import Effective

_RAISING = ("sudo", "doas", "su")
# Their ordinary user has sudo without a password: they are made with the Feature common-utils.
_IMAGES = ("/devcontainers/", "/vscode/devcontainers/")
# Of these the label sets that user as remoteUser; the older ones under vscode/ have no label.
_WITH_USER = re.compile(r"[^/]+/devcontainers/[^/]+")


@rule("DC207")
def root(effective: Effective, context: Context) -> Iterator[Hit]:
    """Root, said or not said."""
    severity = "low" if context.rootless else "high"
    said = [one for one in (effective.container_user, effective.remote_user) if one]
    for one in said:
        if one.value.partition(":")[0] in base.ROOT:
            what = "tools and hooks run" if one == effective.remote_user else "the container runs"
            yield Hit(f"{what} as root{base.brought_by(one.origin)}", one.origin, severity)
    for flag in container.flags(effective, "--user"):
        if (flag.value or "").partition(":")[0] in base.ROOT:
            yield Hit("the container runs as root", flag.origin, severity)
    if container.is_known(effective) and not said and not list(container.flags(effective, "--user")):
        image = effective.image_user
        if image is None and effective.image and _WITH_USER.fullmatch(effective.image.value):
            return
        if image is None:
            message = "no user is set, and which one the image has is not known here: root, unless it says otherwise"
            yield Hit(message, base.source(effective), severity)
        elif image.value.partition(":")[0] in ("", *base.ROOT):
            yield Hit("no user is set, and the image's is root", base.source(effective), severity)


@rule("DC208")
def sudo(effective: Effective, context: Context) -> Iterator[Hit]:
    """A sudo that works."""
    if container.no_new_privileges(effective):
        return
    for said in hooks.commands(effective, context):
        if not said.on_host and said.command.runs(*_RAISING):
            yield Hit(f"{said.who} becomes root with {said.command.words[0]}", said.origin)
    if base.user(effective) in base.ROOT:
        return
    for use, effect in features.effects(effective):
        if effect.name == "sudo":
            yield Hit(f"{effect.why} (the Feature {use.reference})", use.origin)
    image = effective.image
    if image and effective.kind == "image" and any(part in image.value for part in _IMAGES):
        yield Hit(f"the ordinary user of {image.value} may do everything with sudo, without a password", image.origin)


@rule("DC209")
def capabilities(effective: Effective, context: Context) -> Iterator[Hit]:
    """--cap-drop=ALL."""
    dropped = {one.value for one in container.dropped_capabilities(effective)}
    if container.is_known(effective) and "ALL" not in dropped:
        message = f"of the default capabilities only {', '.join(sorted(dropped))} are dropped" if dropped else ""
        edits = addition(effective, "--cap-drop=ALL", "runArgs") if _tightens(effective, context) else ()
        yield Hit(message or "the default capabilities are kept", base.source(effective), edits=edits)


@rule("DC210")
def privileges(effective: Effective, context: Context) -> Iterator[Hit]:
    """no-new-privileges."""
    switched_off = any(container.switched_off(one) for one in container.security_options(effective))
    lets = container.is_known(effective) and not container.no_new_privileges(effective)
    if lets and not switched_off:  # that is DC212
        edits: tuple[Edit, ...] = ()
        if _tightens(effective, context):
            edits = addition(effective, "no-new-privileges", "securityOpt")
        yield Hit(
            "set-user-ID programs such as sudo make root of an ordinary user", base.source(effective), edits=edits
        )


@rule("DC211")
def system_files(effective: Effective, _: Context) -> Iterator[Hit]:
    """--read-only."""
    if container.is_known(effective) and not container.is_set(effective, "--read-only"):
        yield Hit("the image's own files can be changed inside", base.source(effective))


def _tightens(effective: Effective, context: Context) -> bool:
    """Whether fewer rights break nothing that this file sets up.

    An ordinary user is set, nobody becomes root in a hook, and no Feature or label brings an entrypoint that may need
    rights. With compose there is no property for it.
    """
    user = base.own(effective).remote_user
    if effective.kind == "compose" or user is None or user.value.partition(":")[0] in base.ROOT:
        return False
    raises = any(said.command.runs(*_RAISING) for said in hooks.commands(effective, context) if not said.on_host)
    return not (raises or effective.features or effective.entrypoints or list(container.privileged(effective)))
