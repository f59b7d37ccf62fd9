"""From the merged tree of a compose project to typed services. Pure.

Compose's names differ from those of `podman run` and mean the same: they are read into the same values, so that what
is said of a run flag holds for a service too.
"""

from __future__ import annotations

import shlex

from paddock.devcontainer import runvalues, service_keys
from paddock.devcontainer.compose_merging import scalar, variables
from paddock.devcontainer.model import Flag, Mount, Port, Text, Variable
from paddock.devcontainer.service import Service, ServiceBuild, Shared
from paddock.devcontainer.service_part import Part
from paddock.devcontainer.source import Source
from paddock.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paddock.devcontainer.compose import Loaded
    from paddock.devcontainer.document import Node


def services(loaded: Loaded) -> Iterator[Service]:
    """All services of a project."""
    backed = {(one.kind, one.name): one for one in shared(loaded)}
    listed = loaded.root.get("services")
    for member in listed.counting() if listed else ():
        if member.node.kind == "object":
            origin = Source("compose", member.key, ("services", member.key), member.node.place)
            yield _service(member.key, Part(member.node, origin, loaded.folders, loaded.written), backed)


def shared(loaded: Loaded) -> Iterator[Shared]:
    """The volumes, networks, secrets and configs of a project."""
    for kind in ("volumes", "networks", "secrets", "configs"):
        listed = loaded.root.get(kind)
        for member in listed.counting() if listed else ():
            node = member.node
            one = Part(
                node, Source("compose", "", (kind, member.key), member.key_place), loaded.folders, loaded.written
            )
            options = node.get("driver_opts")
            path = one.plain("file")
            device = scalar(options.get("device")) or "" if options else ""
            is_bound = options and {"bind", "rbind"} & set((scalar(options.get("o")) or "").split(","))
            if is_bound or device.startswith("/dev/"):  # the second is a disk of the host
                path = device
            external = one.plain("external") not in ("", "false")
            yield Shared(kind, member.key, one.path(path, node), external, node, one.origin)


def _service(name: str, one: Part, backed: Mapping[tuple[str, str], Shared]) -> Service:
    """One service. What has another type than Compose takes is left out."""
    return Service(
        name,
        one.node,
        one.origin,
        one.text("image"),
        _build(one),
        None,
        tuple(service_keys.flags(one)),
        one.switch("privileged"),
        one.texts("cap_add"),
        one.texts("security_opt"),
        one.text("user"),
        (*_mounts(one, backed), *_secret_files(one, backed)),
        tuple(_ports(one)),
        tuple(_variables(one, "environment")),
        tuple(_env_files(one)),
        tuple(_commands(one)),
        one.below("provider").text("type") if one.node.get("provider") else None,
        tuple(text.value for text in one.texts("profiles")),
        tuple(dict.fromkeys(_needed(one))),
        tuple(_names(one.node.get("networks"))),
        tuple(
            Text(member.key, one.origin.below(member.key, place=member.key_place))
            for member in one.node.counting()
            if member.key not in service_keys.KNOWN and not member.key.startswith("x-")
        ),
    )


def _build(one: Part) -> ServiceBuild | None:
    node = one.node.get("build")
    if node is None or node.kind == "null":
        return None
    part = one.below("build")
    if node.kind != "object":
        context = Text(one.path(scalar(node) or "", node), part.origin, one.raw(node))
        return ServiceBuild(context, None, None, (), None, (), part.origin)
    written = part.text("context") or Text(".", part.origin, ".")
    return ServiceBuild(
        Text(one.path(written.value, node.get("context") or node), written.origin, written.raw),
        part.text("dockerfile"),
        part.text("dockerfile_inline"),
        tuple(_variables(part, "args")),
        part.text("target"),
        tuple(_rooted(flag, part) for flag in service_keys.build_flags(part)),
        part.origin,
    )


def _rooted(flag: Flag, part: Part) -> Flag:
    """An additional context with its path absolute; `service:` and addresses are none."""
    name, equals, path = (flag.value or "").partition("=")
    node = part.node.get("additional_contexts")
    if flag.name != "--build-context" or node is None or path.startswith("service:"):
        return flag
    place = node.get(name) or node
    return replace(flag, value=f"{name}{equals}{part.path(path, place)}")


def _mounts(one: Part, backed: Mapping[tuple[str, str], Shared]) -> Iterator[Mount]:
    for part in one.items("volumes"):
        node, text = part.node, scalar(part.node)
        if node.kind == "object":
            yield _backed(_long_mount(part), backed)
        elif text:
            found = runvalues.volume(text, part.origin)
            source = one.path(found.source, node) if found.kind == "bind" else found.source
            only = found.read_only
            mount = Mount(found.kind, source, found.target, only, only, found.options, one.raw(node), part.origin)
            yield _backed(mount, backed)


def _backed(mount: Mount, backed: Mapping[tuple[str, str], Shared]) -> Mount:
    """A volume with the options that make a directory of it, as `--mount` says them, and the name that it keeps.

    Compose puts the project's name before all others: `name` is where a volume is one for all projects.
    """
    named = backed.get(("volumes", mount.source))
    if mount.kind != "volume" or named is None:
        return mount
    options = mount.options
    if named.path:
        options = (*options, ("volume-opt", "o=bind"), ("volume-opt", f"device={named.path}"))
    fixed = scalar(named.node.get("name")) or (named.name if named.external else "")
    return replace(mount, options=(*options, ("name", fixed)) if fixed else options)


def _secret_files(one: Part, backed: Mapping[tuple[str, str], Shared]) -> Iterator[Mount]:
    """Secrets and configs that are files of the host: they are mounts, read-only."""
    for kind, folder in (("secrets", "/run/secrets/"), ("configs", "/")):
        for part in one.items(kind):
            name = scalar(part.node) or part.plain("source")
            named = backed.get((kind, name))
            if named and named.path:
                target = part.plain("target") or name
                target = target if target.startswith("/") else folder + target
                raw = f"type=bind,source={named.path},target={target},readonly"
                yield Mount("bind", named.path, target, True, True, (), raw, part.origin)  # noqa: FBT003


def _long_mount(part: Part) -> Mount:
    kind, source, target = part.plain("type") or "volume", part.plain("source"), part.plain("target")
    read_only = part.plain("read_only") in {"true", "yes", "on"}
    options = []
    for group in ("bind", "volume", "tmpfs", "image"):
        inner = part.node.get(group)
        for member in inner.counting() if inner else ():
            name = "bind-propagation" if (group, member.key) == ("bind", "propagation") else member.key
            options.append((name, scalar(member.node) or ""))
    written = part.node.get("source")
    path = part.path(source, written) if written and kind == "bind" else source
    raw = ",".join([f"type={kind}", f"source={source}", f"target={target}", *(["readonly"] * read_only)])
    return Mount(kind, path, target, read_only, read_only, tuple(options), raw, part.origin)


def _ports(one: Part) -> Iterator[Port]:
    for part in one.items("ports"):
        if part.node.kind == "object":
            inside, outside, address = part.plain("target"), part.plain("published"), part.plain("host_ip")
            yield Port("publish", inside, outside, address, f"{address}:{outside}:{inside}".lstrip(":"), part.origin)
        else:
            found = runvalues.published(scalar(part.node) or "", part.origin)
            yield Port("publish", found.inside, found.outside, found.address, one.raw(part.node), part.origin)


def _variables(one: Part, key: str) -> Iterator[Variable]:
    node = one.node.get(key)
    for member in variables(node) if node else ():
        origin = one.origin.below(key, member.key, place=member.node.place)
        raw = one.raw(member.node)
        if member.node.place == member.key_place and "=" in raw:  # an item `NAME=value` of a list
            raw = raw.partition("=")[2]
        yield Variable(member.key, scalar(member.node), remote=False, origin=origin, raw=raw)


def _env_files(one: Part) -> Iterator[Text]:
    listed = one.node.get("env_file")
    long = [part for part in one.items("env_file") if part.node.kind == "object"]
    for text in (*one.texts("env_file"), *(path for part in long if (path := part.text("path")))):
        node = listed.items[0] if listed and listed.items else listed
        if node:
            yield Text(one.path(text.value, node), text.origin, text.raw)


def _needed(one: Part) -> Iterator[str]:
    """The services that start before this one: those that are named, and those whose parts it shares."""
    yield from _names(one.node.get("depends_on"))
    yield from (text.value.partition(":")[0] for text in (*one.texts("links"), *one.texts("volumes_from")))
    for key in ("network_mode", "ipc", "pid"):
        kind, _, name = one.plain(key).partition(":")
        if kind == "service":
            yield name


def _names(node: Node | None) -> Iterator[str]:
    if node is None:
        return
    yield from (member.key for member in node.counting())
    yield from (text for item in node.items if (text := scalar(item)))


def _commands(one: Part) -> Iterator[Text]:
    """What is run inside: entrypoint, command, healthcheck, and the hooks of the service."""
    yield from _command(one, "entrypoint")
    yield from _command(one, "command")
    if one.node.get("healthcheck"):
        yield from _command(one.below("healthcheck"), "test")
    for part in (*one.items("post_start"), *one.items("pre_stop")):
        yield from _command(part, "command")


def _command(one: Part, key: str) -> Iterator[Text]:
    text = one.text(key)
    if text:
        yield text
        return
    words = [it.value for it in one.texts(key)]
    if not words:
        return
    origin, raw = one.below(key).origin, " ".join(words)
    if words[0] == "CMD-SHELL":
        yield Text(" ".join(words[1:]), origin, raw)
    else:
        yield Text(shlex.join(words[1:] if words[0] == "CMD" else words), origin, raw)
