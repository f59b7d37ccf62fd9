"""The settings of a compose service, and the flag of `podman run` that each of them is.

Sources: docs.docker.com/reference/compose-file/services and …/build, docker-run(1), podman-run(1).
"""

from __future__ import annotations

from paddock.devcontainer.compose_merging import scalar, variables
from paddock.devcontainer.model import Flag
from paddock.devcontainer.service_part import TRUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paddock.devcontainer.service_part import Part

_SCALARS = {
    "cgroup": "--cgroupns",
    "cgroup_parent": "--cgroup-parent",
    "container_name": "--name",
    "cpus": "--cpus",
    "gpus": "--gpus",
    "hostname": "--hostname",
    "ipc": "--ipc",
    "mem_limit": "--memory",
    "memswap_limit": "--memory-swap",
    "network_mode": "--network",
    "oom_score_adj": "--oom-score-adj",
    "pid": "--pid",
    "pids_limit": "--pids-limit",
    "platform": "--platform",
    "pull_policy": "--pull",
    "restart": "--restart",
    "runtime": "--runtime",
    "shm_size": "--shm-size",
    "user": "--user",
    "userns_mode": "--userns",
    "uts": "--uts",
    "working_dir": "--workdir",
}
_SWITCHES = {
    "init": "--init",
    "oom_kill_disable": "--oom-kill-disable",
    "privileged": "--privileged",
    "read_only": "--read-only",
    "use_api_socket": "--use-api-socket",
}
_LISTS = {
    "cap_add": "--cap-add",
    "cap_drop": "--cap-drop",
    "device_cgroup_rules": "--device-cgroup-rule",
    "devices": "--device",
    "dns": "--dns",
    "dns_opt": "--dns-option",
    "dns_search": "--dns-search",
    "env_file": "--env-file",
    "group_add": "--group-add",
    "security_opt": "--security-opt",
    "tmpfs": "--tmpfs",
    "volumes_from": "--volumes-from",
}
_PAIRS = {
    "annotations": "--annotation",
    "sysctls": "--sysctl",
    "extra_hosts": "--add-host",
    "ulimits": "--ulimit",
    "storage_opt": "--storage-opt",
}
_LIMITS = {"cpus": "--cpus", "memory": "--memory", "pids": "--pids-limit"}
_OTHERS = frozenset(
    {"attach", "blkio_config", "build", "command", "configs", "cpu_count", "cpu_percent", "cpu_period"}
    | {
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpuset",
        "credential_spec",
        "depends_on",
        "deploy",
    }
    | {"develop", "domainname", "entrypoint", "environment", "expose", "extends", "external_links", "healthcheck"}
    | {"image", "isolation", "label_file", "labels", "links", "logging", "mac_address", "mem_reservation"}
    | {"mem_swappiness", "models", "networks", "ports", "post_start", "pre_stop", "profiles", "provider", "scale"}
    | {"secrets", "stdin_open", "stop_grace_period", "stop_signal", "tty", "volumes"}
)
KNOWN = frozenset((*_SCALARS, *_SWITCHES, *_LISTS, *_PAIRS)) | _OTHERS
_BUILD_SCALARS = {"network": "--network", "shm_size": "--shm-size", "isolation": "--isolation"}
_BUILD_SWITCHES = {"privileged": "--privileged", "no_cache": "--no-cache", "pull": "--pull"}
_BUILD_LISTS = {"cache_from": "--cache-from", "entitlements": "--allow", "secrets": "--secret", "ssh": "--ssh"}
_BUILD_PAIRS = {"extra_hosts": "--add-host", "additional_contexts": "--build-context", "ssh": "--ssh"}


def flags(one: Part) -> Iterator[Flag]:
    """The run flags of a service."""
    yield from _flags(one, _SCALARS, _SWITCHES, _LISTS, _PAIRS)
    limits = one.node.at("deploy", "resources", "limits")
    for member in limits.counting() if limits else ():
        value = scalar(member.node)
        if member.key in _LIMITS and value is not None:
            source = one.origin.below("deploy", "resources", "limits", member.key, place=member.node.place)
            yield Flag(_LIMITS[member.key], value, source)
    asked = one.node.at("deploy", "resources", "reservations", "devices")
    for number, item in enumerate(asked.items if asked else ()):
        source = one.origin.below("deploy", "resources", "reservations", "devices", number, place=item.place)
        yield Flag("--gpus", scalar(item.get("count")) or "all", source)


def build_flags(one: Part) -> Iterator[Flag]:
    """The build flags of a service's `build`."""
    yield from _flags(one, _BUILD_SCALARS, _BUILD_SWITCHES, _BUILD_LISTS, _BUILD_PAIRS)


def _flags(
    one: Part,
    scalars: Mapping[str, str],
    switches: Mapping[str, str],
    lists: Mapping[str, str],
    pairs: Mapping[str, str],
) -> Iterator[Flag]:
    for key, name in scalars.items():
        text = one.text(key)
        if text:
            yield Flag(name, text.value, text.origin)
        elif (node := one.node.get(key)) and node.kind == "array":  # `gpus: [{count: 1}]`
            yield Flag(name, "all", one.origin.below(key, place=node.place))
    for key, name in switches.items():
        text = one.text(key)
        if text:
            yield Flag(name, "true" if text.value.lower() in TRUE else "false", text.origin)
    for key, name in lists.items():
        yield from (Flag(name, text.value, text.origin) for text in one.texts(key))
        yield from _long_items(one, key, name)
    for key, name in pairs.items():
        yield from _pairs(one, key, name)


def _long_items(one: Part, key: str, name: str) -> Iterator[Flag]:
    """`devices: [{source, target, permissions}]`, `env_file: [{path}]`, `secrets: [{source}]`."""
    node = one.node.get(key)
    for number, item in enumerate(node.items if node else ()):
        if item.kind != "object":
            continue
        parts = [scalar(item.get(part)) for part in ("path", "source", "target", "permissions")]
        value = ":".join(part for part in parts if part)
        yield Flag(name, value, one.origin.below(key, number, place=item.place))


def _pairs(one: Part, key: str, name: str) -> Iterator[Flag]:
    node = one.node.get(key)
    if node is None or (node.kind != "object" and key == "ssh"):
        return
    for member in variables(node):
        value = scalar(member.node)
        if member.node.kind == "object":  # ulimits: {nofile: {soft, hard}}
            value = ":".join(scalar(it.node) or "" for it in member.node.counting())
        where = one.origin.below(key, member.key, place=member.node.place)
        if member.node.kind == "array":  # extra_hosts: {name: [address, …]}
            yield from (Flag(name, f"{member.key}={scalar(it) or ''}", where) for it in member.node.items)
        else:
            yield Flag(name, member.key if value is None else f"{member.key}={value}", where)
