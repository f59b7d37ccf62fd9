"""DC201 to DC206, DC212 to DC216: what lets the container do more to the kernel and the host."""

from __future__ import annotations

from paddock.checking.facts import base, container, mounts
from paddock.checking.findings import Hit, one_step_lower
from paddock.checking.rule import rule
from paddock.checking.safe import removal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.devcontainer.model import Effective

# capabilities(7). What each of the first list alone suffices for is an escape, or an attack on the whole machine.
_ESCAPES = frozenset(
    "ALL SYS_ADMIN SYS_MODULE SYS_RAWIO DAC_READ_SEARCH BPF SYS_BOOT MAC_ADMIN MAC_OVERRIDE SYS_TIME SYSLOG PERFMON "  # noqa: SIM905
    "AUDIT_CONTROL".split()
)
_REACHES = frozenset(("SYS_PTRACE", "NET_ADMIN", "NET_RAW"))
_HOST = {
    "pid": "critical",
    "userns": "critical",
    "network": "high",
    "ipc": "high",
    "uts": "medium",
    "cgroupns": "medium",
}
_LSM = {
    "apparmor": ("unconfined",),
    "label": ("disable", "type:spc_t", "type:unconfined_t"),  # the second is SELinux' "super privileged container"
    "systempaths": ("unconfined",),
    "unmask": ("ALL", "all", "/proc", "/sys", "/proc/*"),
}
# Namespaces of the network settings belong to the container; these make a router of it. All others are not its own.
_ROUTES = ("ip_forward", "forwarding", "route_localnet", "accept_redirects", "send_redirects")
_RUNTIMES = frozenset("runc crun runsc kata kata-runtime io.containerd.runc.v2 io.containerd.runsc.v1".split())  # noqa: SIM905
_GROUPS = frozenset("docker podman disk kvm input shadow sudo wheel root 0 adm lxd libvirt keep-groups".split())  # noqa: SIM905
# crun(1): files and sockets of the host that the runtime writes to.
_RUNTIME_ANNOTATIONS = ("run.oci.hooks.", "run.oci.seccomp.receiver=", "run.oci.pidfd_receiver=")
# Flags by which podman itself takes programs or configuration from the host (podman(1)).
_ENGINE = (
    "--hooks-dir", "--init-path", "--conmon", "--runtime-flag", "--module", "--config", "--network-cmd-path",
    "--network-config-dir", "--default-mounts-file", "--root", "--runroot", "--url", "--connection", "--remote",
    "--rootfs",
)  # fmt: skip


@rule("DC201")
def privileged(effective: Effective, _: Context) -> Iterator[Hit]:
    """All capabilities, all devices, no filter."""
    for origin in container.privileged(effective):
        yield Hit(f"the container is privileged{base.brought_by(origin)}", origin, edits=removal(origin, effective))


@rule("DC202")
def capabilities(effective: Effective, context: Context) -> Iterator[Hit]:
    """Capabilities that reach beyond the container."""
    for one in container.added_capabilities(effective):
        severity = "critical" if one.value in _ESCAPES else "medium" if one.value in _REACHES else ""
        if severity:
            severity = one_step_lower(severity) if context.rootless else severity
            alone = one.raw.upper().removeprefix("CAP_") == one.value
            edits = removal(one.origin, effective) if alone else ()
            yield Hit(
                f"the capability {one.value} is added{base.brought_by(one.origin)}", one.origin, severity, edits=edits
            )


@rule("DC203")
def system_calls(effective: Effective, _: Context) -> Iterator[Hit]:
    """No filter, or one of one's own."""
    for one in container.security_options(effective):
        if one.name == "seccomp" and one.value == "unconfined":
            message = f"the filter of system calls is switched off{base.brought_by(one.origin)}"
            yield Hit(message, one.origin, edits=removal(one.origin, effective))
        elif one.name == "seccomp" and one.value not in ("", "builtin", "default"):
            message = f"the filter of system calls is {one.value}, which decides instead of the engine's own"
            yield Hit(message, one.origin, "medium", "compare it with the engine's default, or take it away")


@rule("DC204")
def mandatory_access(effective: Effective, _: Context) -> Iterator[Hit]:
    """AppArmor, SELinux, masked paths."""
    for one in container.security_options(effective):
        if one.value in _LSM.get(one.name, ()):
            yield Hit(
                f"{one.name} is switched off{base.brought_by(one.origin)}",
                one.origin,
                edits=removal(one.origin, effective),
            )


@rule("DC205")
def namespaces(effective: Effective, _: Context) -> Iterator[Hit]:
    """Namespaces that are the host's or another container's."""
    for one in container.namespaces(effective):
        other = one.value.startswith(("container:", "ns:", "service:"))
        if one.value == "host" or other:
            whose = f"that of {one.value.partition(':')[2]}" if other else "the host's"
            severity = _HOST[one.name] if not other else "low" if one.value.startswith("service:") else "medium"
            edits = removal(one.origin, effective) if one.value == "host" else ()
            yield Hit(f"the {one.name} namespace is {whose}", one.origin, severity, edits=edits)
    for flag in container.flags(effective, "--pod", "--pod-id-file"):
        if not (flag.value or "").startswith("new:"):  # podman-run(1): a pod's containers share network, ipc and uts
            yield Hit(f"the network, ipc and uts namespaces are those of the pod {flag.value}", flag.origin, "medium")


@rule("DC206")
def devices(effective: Effective, _: Context) -> Iterator[Hit]:
    """Devices of the host."""
    for device in container.devices(effective):
        severity = "medium" if "nvidia" in device.source or device.source.startswith("/dev/dri") else ""
        yield Hit(f"the device {device.source} is given to the container", device.origin, severity)
    for bind in mounts.binds(effective):  # a rootless engine has no filter for devices: who may open it, opens it
        if "device" in bind.kinds and "system" not in bind.kinds:
            yield Hit(f"the device {bind.source} is mounted{base.brought_by(bind.mount.origin)}", bind.mount.origin)
    for flag in container.flags(effective, "--device-cgroup-rule"):
        yield Hit(f"devices of the class {flag.value} may be used", flag.origin)
    for flag in container.flags(effective, "--gpus"):
        yield Hit(f"graphics processors ({flag.value}) are given to the container", flag.origin, "medium")
    for one in effective.requirements:
        if one.name == "gpu" and one.value.lower() not in ("false", "optional"):
            message = "graphics processors are given to the container: of hostRequirements, gpu alone does something"
            yield Hit(message, one.origin, "medium")


@rule("DC212")
def gains_privileges(effective: Effective, _: Context) -> Iterator[Hit]:
    """no-new-privileges=false."""
    for one in container.security_options(effective):
        if container.switched_off(one):
            message = f"programs may gain privileges, by {one.raw}"
            yield Hit(message, one.origin, edits=removal(one.origin, effective))


@rule("DC213")
def kernel_settings(effective: Effective, _: Context) -> Iterator[Hit]:
    """--sysctl."""
    for flag in container.flags(effective, "--sysctl"):
        name, _equals, value = (flag.value or "").partition("=")
        own = name.startswith(("net.", "kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue."))
        routes = name.rpartition(".")[2] in _ROUTES and value.strip() not in ("0", "")
        if routes or not own:
            edits = removal(flag.origin, effective)
            yield Hit(f"the kernel setting {name} becomes {value}", flag.origin, edits=edits)


@rule("DC214")
def runtime(effective: Effective, _: Context) -> Iterator[Hit]:
    """--runtime."""
    for flag in container.flags(effective, "--runtime"):
        if flag.value not in _RUNTIMES:
            path = "/" in (flag.value or "")
            severity = "critical" if path else "" if flag.value != "nvidia" else "low"
            message = f"the engine starts {flag.value} on the host" if path else f"the container is run by {flag.value}"
            yield Hit(message, flag.origin, severity)


@rule("DC215")
def groups(effective: Effective, _: Context) -> Iterator[Hit]:
    """--group-add."""
    for flag in container.flags(effective, "--group-add"):
        if flag.value in _GROUPS:
            message = f"the container's user is in the group {flag.value}"
            yield Hit(message, flag.origin, edits=removal(flag.origin, effective))
    for flag in container.flags(effective, "--annotation"):
        if (flag.value or "").startswith("run.oci.keep_original_groups="):  # crun(1)
            yield Hit("the container's user is in all groups of the person", flag.origin)


@rule("DC216")
def engine_flags(effective: Effective, _: Context) -> Iterator[Hit]:
    """Flags that are about the engine, not about the container."""
    for flag in container.flags(effective, *_ENGINE):
        what = f"{flag.name} {flag.value}" if flag.value else flag.name
        yield Hit(f"{what}: the engine takes this from the host, outside the container", flag.origin)
    for flag in container.flags(effective, "--annotation"):
        if (flag.value or "").startswith(_RUNTIME_ANNOTATIONS):
            yield Hit(f"{flag.value}: the runtime opens this on the host, outside the container", flag.origin)
