"""What a hardened file cannot take away: rights that the image's label or a Feature brings.

Of `privileged` any true wins; capabilities and security options are united, and come after `runArgs` on the command
line, so that `--cap-drop=ALL` and a filter said there do not bind them (containers.dev, "Merge logic"; measured).
Such a file would look hardened and be none: it is not written.
"""

from __future__ import annotations

import os

from paddock.checking.facts import base, beside, container
from paddock.devcontainer import references, runvalues
from paddock.errors import Refused
from paddock.frozen import frozen
from paddock.hardening.arguments import of_security_option
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.service import Project, Unread
    from paddock.devcontainer.source import Source
    from paddock.hardening.case import Case

_OTHERS = ("label", "feature")
_SELINUX = "label"  # the reference CLI itself switches it off for podman, so that nothing is lost by it


@frozen
class Need:
    """One right that stays. `place` is where the file brings it in, `origin` who says it."""

    rule: str
    what: str
    origin: Source
    place: str


def needs(case: Case) -> tuple[Need, ...]:
    """All rights that cannot be taken away and are not kept, each once."""
    seen = not case.composed or container.is_known(case.effective)
    return tuple(dict.fromkeys(one for one in _found(case) if not (seen and case.kept(one.rule))))


def _found(case: Case) -> Iterator[Need]:
    effective = case.effective
    if case.composed:
        yield from _of_project(case)
    for layer in effective.layers:
        if layer.layer in _OTHERS and not _left_out(case, layer.name):
            if layer.privileged and layer.privileged.value:
                yield _need(case, "DC201", "the container is privileged", layer.privileged.origin)
            for one in layer.cap_add:
                yield _need(case, "DC202", f"the capability {one.value} is added", one.origin)
            for one in layer.security_opt:
                option = runvalues.security_option(one.value, one.origin)
                rule = of_security_option(option)
                if rule and option.name != _SELINUX:
                    yield _need(case, rule, f"the security option {one.value} is set", one.origin)


def _of_project(case: Case) -> Iterator[Need]:
    """What nobody looked at, and what no compose file can take back."""
    effective = case.effective
    project: Project | None = effective.project  # type: ignore[assignment] # the model stands below it
    named = effective.compose_files[0].origin if effective.compose_files else base.source(effective)
    if not container.is_known(effective):
        what = "the compose files do not say what the container is"
        why = next((_unread(case, one) for one in project.unread), "") if project else ""
        yield Need("DC221", f"{what}{f' ({why})' if why else ''}", named, named.where)
        return
    for one in project.unread if project else ():
        yield Need("DC221", _unread(case, one), one.origin, one.origin.where)
    for service in beside.started(effective):
        if service.provider:
            what = f"service {service.name} starts {service.provider.value} on the host"
            yield Need("DC220", what, service.provider.origin, service.provider.origin.where)


def _unread(case: Case, one: Unread) -> str:
    path = os.path.relpath(one.path, case.effective.folder) if os.path.isabs(one.path) else one.path
    return f"{path} was not read: {one.why}"


def _left_out(case: Case, feature: str) -> bool:
    return any(means(word, feature) for word in case.without)


def means(word: str, feature: str) -> bool:
    """Whether a person's word is that Feature: its reference, or its short name."""
    found = references.parse(feature)
    return word in (feature, found.id, found.resource)


def _need(case: Case, rule: str, what: str, origin: Source) -> Need:
    use = next((one for one in case.effective.features if one.reference == origin.name), None)
    own = use.origin if use and origin.layer == "feature" else None
    place = own if own and own.layer == "file" else base.source(case.effective)
    return Need(rule, what + base.brought_by(origin), origin, place.where)


def refuse(case: Case) -> None:
    """Raises Refused where something stays that the file could only pretend to take away."""
    found = needs(case)
    if not found:
        return
    first = found[0]
    what = f"{visible(first.what)}, and no file can take that back"
    if first.rule == "DC221":
        what = f"{visible(first.what)}, so that nothing can be taken away"
    if len(found) == 1:  # which the first line says already
        lines = [f"{first.rule} {case.rules[first.rule].slug}: {case.rules[first.rule].why}"]
    else:
        lines = [f"{one.place}: {one.rule} {case.rules[one.rule].slug}: {one.what}" for one in found]
    raise Refused(
        f"{visible(first.place)}: {what}",
        why="\n".join(map(visible, lines)),
        next_step=_next(case, found),
        code="cannot-harden",
    )


def _next(case: Case, found: tuple[Need, ...]) -> str:
    need = found[0]
    rules = dict.fromkeys(one.rule for one in found if one.origin.name == need.origin.name)
    keep = "or keep it: " + " ".join(f'--keep {rule}="REASON"' for rule in rules)
    if need.rule == "DC221":
        return "put the files that are named where they are looked for, then: paddock harden"
    if need.rule == "DC220":
        return f"name the services that are needed under runServices; {keep}"
    if need.origin.layer == "feature":
        name = references.parse(need.origin.name).id
        return f"leave it out: {case.command} --without {visible(name)}; {keep}"
    return f"use an image without it, or paddock run --boundary podman, which takes no rights from labels; {keep}"
